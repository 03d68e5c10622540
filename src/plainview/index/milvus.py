"""placeholder while main is merged"""

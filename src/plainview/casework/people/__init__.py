"""Agencies, members, sign-in, tokens, trials and the policy that binds an agency.

Owns who a member is and which roles they have. It must never create an account without an invitation.
"""

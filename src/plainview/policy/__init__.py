"""The rulebook as pure functions on plain values, standard library only: each rule answers Allow or Refused with a reason and a next step."""

"""The terms that the head of an agency accepts before the agency is opened.

Owns the words; their SHA-256 goes into the log with the acceptance, so that nobody can say later that they
were different.
"""

from __future__ import annotations

import hashlib

TERMS = """\
By accepting these terms I, the head of this agency or a person whom the head has authorised in writing, state:

1. Nobody in this agency searches without a case, a purpose and an authorisation, and I know that every search,
   refusal, view and change is recorded in a log that outsiders can verify.
2. A candidate is a similar face, not an identification. Nobody in this agency arrests, detains or shows a person
   to a witness on a candidate alone; a second trained person examines, blind to the first one's answer.
3. The galleries of this agency are lawfully held, for the reasons, from the sources and for the time that their
   passports state. No picture is collected by untargeted scraping, and none comes from a live camera.
4. Nobody is searched for attending a lawful assembly, for worship, for journalism, for immigration status alone
   or out of private curiosity.
5. Members are invited by name, trained, and removed when they leave. Trials have a supervisor's approval and an end.
6. An auditor of this agency reviews the log every week and decides on every flag.
7. The use of this system, its error rates and its misuse are published in the register, and every search is
   disclosed to the defence with all that is needed to examine it.
"""

TERMS_SHA256 = hashlib.sha256(TERMS.encode()).hexdigest()
"""Names this text in the log."""

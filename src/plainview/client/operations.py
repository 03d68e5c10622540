"""Every operation that `Client.run` calls, with the type of its answer; `make openapi` writes this file.

A text is the method, the path, the names of the query, and the form of the body with the names of its files.
"""

from __future__ import annotations

from typing import Any

from plainview.client.operation import Operation
from plainview.client.types import (
    Agreement,
    Agreements,
    Alert,
    Alerts,
    Approval,
    Attested,
    Authorised,
    Blind,
    Case,
    Cases,
    Changed,
    Checkpoint,
    Consistency,
    Contents,
    Decided,
    DecisionDue,
    Deliveries,
    Delivery,
    Disclosure,
    Ended,
    Enrolled,
    Enrolment,
    Enrolments,
    Entries,
    Erased,
    EventRecorded,
    Events,
    Examination,
    Examinations,
    Exoneration,
    Exonerations,
    Faces,
    Flag,
    FlagRow,
    Flags,
    Galleries,
    Gallery,
    Grant,
    Granted,
    Hold,
    Holds,
    Imported,
    Invitations,
    Invited,
    Items,
    Job,
    Jobs,
    Lapsed,
    Lead,
    Leads,
    Me,
    Member,
    Members,
    Months,
    Pair,
    Policy,
    Probe,
    Probes,
    Proof,
    Proposal,
    Proposals,
    Recorded,
    Reference,
    References,
    Report,
    Review,
    Rights,
    RightsList,
    RightsShown,
    Rules,
    Run,
    Runs,
    Schedule,
    Schedules,
    Search,
    Searched,
    Searches,
    Secret,
    Shared,
    SharedList,
    SharedRow,
    SharedSearch,
    Status,
    Subjects,
    Training,
    Trial,
    Tried,
    Upcoming,
    Verifications,
    Video,
    VideoErased,
    Videos,
    Waiting,
    Webhook,
    Webhooks,
    Withheld,
)

agreement_accept: Operation[Agreement] = Operation("POST /agreements/{id}/accept json")
agreement_change: Operation[Agreement] = Operation("POST /agreements/{id}/versions json")
agreement_list: Operation[Agreements] = Operation("GET /agreements ?limit,cursor")
agreement_propose: Operation[Agreement] = Operation("POST /agreements json")
agreement_show: Operation[Agreement] = Operation("GET /agreements/{id}")
agreement_withdraw: Operation[Agreement] = Operation("POST /agreements/{id}/withdraw json")
alert_close: Operation[Alert] = Operation("POST /alerts/{id}/close json")
alert_create: Operation[Alert] = Operation("POST /alerts form:image")
alert_list: Operation[Alerts] = Operation("GET /alerts ?limit,cursor")
alert_mute: Operation[Alert] = Operation("POST /alerts/{id}/mute json")
alert_renew: Operation[Alert] = Operation("POST /alerts/{id}/renew json")
approval_decide: Operation[Approval] = Operation("POST /approvals/{id}/decide json")
approval_picture: Operation[bytes] = Operation("GET /approvals/{id}/picture")
approval_request: Operation[Approval] = Operation("POST /approvals json")
approvals_waiting: Operation[Waiting] = Operation("GET /approvals")
candidate_picture: Operation[bytes] = Operation("GET /searches/{id}/candidates/{rank}/picture ?part,picture")
candidate_set_aside: Operation[Review] = Operation("POST /searches/{id}/candidates/{rank}/set-aside json")
candidate_take_back: Operation[Review] = Operation("POST /searches/{id}/candidates/{rank}/take-back")
candidates_sheet: Operation[bytes] = Operation("GET /searches/{id}/candidates.pdf")
case_close: Operation[Case] = Operation("POST /cases/{id}/close json")
case_list: Operation[Cases] = Operation("GET /cases ?limit,cursor")
case_open: Operation[Case] = Operation("POST /cases json")
case_show: Operation[Case] = Operation("GET /cases/{id}")
delivery_again: Operation[Delivery] = Operation("POST /deliveries/{id}/again")
delivery_list: Operation[Deliveries] = Operation("GET /webhooks/{id}/deliveries ?limit,cursor,state")
disclosure_show: Operation[Disclosure] = Operation("GET /searches/{id}/disclosure")
enrolment_ask: Operation[Job] = Operation("POST /galleries/{name}/enrolments form:files")
enrolment_list: Operation[Enrolments] = Operation("GET /galleries/{name}/enrolments ?limit,cursor")
enrolment_show: Operation[Enrolment] = Operation("GET /enrolments/{number}")
event_list: Operation[Events] = Operation("GET /retention/events ?limit,cursor")
event_record: Operation[EventRecorded] = Operation("POST /retention/events json")
examination_list: Operation[Examinations] = Operation("GET /examinations ?limit,cursor")
examination_open: Operation[Pair] = Operation("GET /searches/{id}/candidates/{rank}/examination ?picture")
examination_record: Operation[Examination] = Operation("POST /searches/{id}/candidates/{rank}/examination json")
exoneration_answer: Operation[Exoneration] = Operation("POST /exonerations/{id}/answer")
exoneration_ask: Operation[Exoneration] = Operation("POST /searches/{id}/exonerations json")
exoneration_decide: Operation[Exoneration] = Operation("POST /exonerations/{id}/decide json")
exoneration_list: Operation[Exonerations] = Operation("GET /exonerations ?limit,cursor")
exoneration_prepare: Operation[Probe] = Operation("POST /exonerations/{id}/prepare")
exoneration_show: Operation[Exoneration] = Operation("GET /exonerations/{id}")
flag_decide: Operation[FlagRow] = Operation("POST /flags/{id}/decide json")
flag_list: Operation[Flags] = Operation("GET /flags ?limit,cursor")
flag_show: Operation[Flag] = Operation("GET /flags/{id}")
gallery_contents: Operation[Contents] = Operation("GET /galleries/{name}/contents")
gallery_create: Operation[Gallery] = Operation("POST /galleries json")
gallery_list: Operation[Galleries] = Operation("GET /galleries ?limit,cursor")
gallery_show: Operation[Gallery] = Operation("GET /galleries/{name}")
grant_make: Operation[Granted] = Operation("POST /searches/{id}/grants json")
grant_revoke: Operation[Grant] = Operation("POST /grants/{id}/revoke json")
hold_end: Operation[Hold] = Operation("POST /holds/{id}/end json")
hold_list: Operation[Holds] = Operation("GET /holds ?limit,cursor")
hold_place: Operation[Hold] = Operation("POST /holds json")
invitation_list: Operation[Invitations] = Operation("GET /invitations ?limit,cursor")
job_cancel: Operation[Job] = Operation("POST /jobs/{id}/cancel")
job_events: Operation[bytes] = Operation("GET /jobs/{id}/events")
job_list: Operation[Jobs] = Operation("GET /jobs ?limit,cursor")
job_show: Operation[Job] = Operation("GET /jobs/{id}")
lapsed_show: Operation[Lapsed] = Operation("GET /lapsed/{id}")
lead_evidence: Operation[Lead] = Operation("POST /leads/{id}/evidence json")
lead_list: Operation[Leads] = Operation("GET /leads ?limit,cursor")
lead_outcome: Operation[Lead] = Operation("POST /leads/{id}/outcome json")
lead_picture: Operation[bytes] = Operation("GET /leads/{id}/picture ?which")
lead_release: Operation[Lead] = Operation("POST /examinations/{id}/release json")
lead_sheet: Operation[bytes] = Operation("GET /leads/{id}/sheet.pdf")
lead_show: Operation[Lead] = Operation("GET /leads/{id}")
lead_withhold: Operation[Withheld] = Operation("POST /examinations/{id}/withhold json")
log_checkpoint: Operation[Checkpoint] = Operation("GET /log/checkpoint")
log_consistency: Operation[Consistency] = Operation("GET /log/consistency ?first,second")
log_entries: Operation[Entries] = Operation("GET /log/entries ?action,member,since,until,before,limit")
log_entry: Operation[Proof] = Operation("GET /log/entries/{number}")
me: Operation[Me] = Operation("GET /me")
member_deactivate: Operation[Ended] = Operation("POST /members/{id}/deactivate json")
member_invite: Operation[Invited] = Operation("POST /invitations json")
member_list: Operation[Members] = Operation("GET /members ?limit,cursor")
member_release: Operation[Proposal] = Operation("POST /members/{id}/release json")
member_reset: Operation[Proposal] = Operation("POST /members/{id}/reset json")
member_roles: Operation[Proposal] = Operation("POST /members/{id}/roles json")
member_show: Operation[Member] = Operation("GET /members/{id}")
member_training: Operation[Training] = Operation("POST /members/{id}/training json")
member_trial: Operation[Trial] = Operation("POST /members/{id}/trial json")
none_state: Operation[Review] = Operation("POST /searches/{id}/none json")
none_take_back: Operation[Review] = Operation("POST /searches/{id}/none/take-back")
order_import: Operation[Imported] = Operation("POST /retention/orders form:file")
package_download: Operation[bytes] = Operation("GET /packages/{id}/package.zip")
package_make: Operation[Job] = Operation("POST /searches/{id}/packages json")
passport_change: Operation[Gallery] = Operation("PATCH /galleries/{name} json")
persons_join: Operation[Video] = Operation("POST /videos/{id}/persons json")
persons_part: Operation[Video] = Operation("DELETE /videos/{id}/persons/{number}")
photograph_add: Operation[Probe] = Operation("POST /probes/{id}/photographs form:image")
photograph_face: Operation[Probe] = Operation("PATCH /probes/{id}/photographs/{number} json")
photograph_remove: Operation[None] = Operation("DELETE /probes/{id}/photographs/{number}")
policy_change: Operation[Proposal] = Operation("POST /policy json")
policy_show: Operation[Policy] = Operation("GET /policy")
policy_try: Operation[Tried] = Operation("POST /policy/try json")
probe_discard: Operation[None] = Operation("DELETE /probes/{id}")
probe_edit: Operation[Probe] = Operation("POST /probes/{id}/edits json")
probe_list: Operation[Probes] = Operation("GET /probes ?limit,cursor")
probe_picture: Operation[bytes] = Operation("GET /probes/{id}/picture ?part,photograph")
probe_prepare: Operation[Probe] = Operation("POST /probes form:image")
probe_save: Operation[Probe] = Operation("PATCH /probes/{id} json")
probe_search: Operation[Searched] = Operation("POST /probes/{id}/search")
probe_show: Operation[Probe] = Operation("GET /probes/{id}")
probe_undo: Operation[Probe] = Operation("POST /probes/{id}/undo json")
proposal_approve: Operation[Decided] = Operation("POST /proposals/{id}/approve")
proposal_list: Operation[Proposals] = Operation("GET /proposals ?limit,cursor")
proposal_reject: Operation[Decided] = Operation("POST /proposals/{id}/reject json")
proposal_show: Operation[Proposal] = Operation("GET /proposals/{id}")
reference_enrol: Operation[Enrolled] = Operation("POST /galleries/{name}/references form:image")
reference_erase: Operation[Erased] = Operation("POST /references/{id}/expunge json")
reference_list: Operation[References] = Operation("GET /galleries/{name}/references ?limit,cursor")
reference_picture: Operation[bytes] = Operation("GET /references/{id}/picture")
reference_show: Operation[Reference] = Operation("GET /references/{id}")
register_attest: Operation[Attested] = Operation("POST /register/attestations json")
register_months: Operation[Months] = Operation("GET /register/months ?limit,cursor")
register_show: Operation[dict[str, Any]] = Operation("GET /register")
release_show: Operation[DecisionDue] = Operation("GET /examinations/{id}/release")
report_make: Operation[Report] = Operation("POST /reports json")
retention_again: Operation[Run] = Operation("POST /retention/runs/{id}/again")
retention_approve: Operation[Run] = Operation("POST /retention/runs/{id}/approve json")
retention_change: Operation[Proposal] = Operation("POST /retention/rules json")
retention_items: Operation[Items] = Operation("GET /retention/runs/{id}/items ?limit,cursor")
retention_proof: Operation[dict[str, Any]] = Operation("GET /retention/runs/{id}/proof")
retention_propose: Operation[Run] = Operation("POST /retention/runs")
retention_rules: Operation[Rules] = Operation("GET /retention/rules")
retention_run: Operation[Run] = Operation("GET /retention/runs/{id}")
retention_runs: Operation[Runs] = Operation("GET /retention/runs ?limit,cursor")
retention_upcoming: Operation[Upcoming] = Operation("GET /retention/upcoming")
retention_withdraw: Operation[Run] = Operation("POST /retention/runs/{id}/withdraw json")
review_show: Operation[Review] = Operation("GET /searches/{id}/review")
rights_answer: Operation[Rights] = Operation("POST /rights-requests/{id}/answer json")
rights_confirm: Operation[Rights] = Operation("POST /rights-requests/{id}/confirm json")
rights_decide: Operation[Faces] = Operation("POST /rights-requests/{id}/decide json")
rights_extend: Operation[Rights] = Operation("POST /rights-requests/{id}/extend json")
rights_letter: Operation[bytes] = Operation("GET /rights-requests/{id}/letter.pdf")
rights_list: Operation[RightsList] = Operation("GET /rights-requests ?limit,cursor")
rights_refuse: Operation[Rights] = Operation("POST /rights-requests/{id}/refuse json")
rights_search: Operation[Faces] = Operation("POST /rights-requests/{id}/search")
rights_show: Operation[RightsShown] = Operation("GET /rights-requests/{id}")
schedule_list: Operation[Schedules] = Operation("GET /reports/schedules ?limit,cursor")
schedule_make: Operation[Schedule] = Operation("POST /reports/schedules json")
schedule_stop: Operation[Schedule] = Operation("POST /reports/{id}/stop")
search_alert: Operation[Alert] = Operation("POST /searches/{id}/alert json")
search_list: Operation[Searches] = Operation("GET /searches ?limit,cursor")
search_probe: Operation[bytes] = Operation("GET /searches/{id}/probe ?part,photograph")
search_run: Operation[Search] = Operation("POST /searches form:image,also")
search_show: Operation[Search] = Operation("GET /searches/{id}")
shared_answer: Operation[SharedRow] = Operation("POST /shared/{id}/answer")
shared_approval: Operation[Approval] = Operation("POST /shared/{id}/approval")
shared_ask: Operation[SharedRow] = Operation("POST /probes/{id}/ask json")
shared_authorise: Operation[SharedRow] = Operation("POST /shared/{id}/authorise json")
shared_decline: Operation[SharedRow] = Operation("POST /shared/{id}/decline json")
shared_list: Operation[SharedList] = Operation("GET /shared ?limit,cursor")
shared_outcome: Operation[SharedRow] = Operation("POST /shared/{id}/outcome json")
shared_refuse: Operation[SharedRow] = Operation("POST /shared/{id}/refuse json")
shared_search: Operation[SharedSearch] = Operation("POST /shared/{id}/search")
shared_show: Operation[Shared] = Operation("GET /shared/{id}")
shared_take: Operation[SharedRow] = Operation("POST /shared/{id}/take")
shared_take_back: Operation[SharedRow] = Operation("POST /shared/{id}/take-back json")
status_show: Operation[Status] = Operation("GET /status")
still_picture: Operation[bytes] = Operation("GET /stills/{id}/picture ?part")
still_probe: Operation[Probe] = Operation("POST /stills/{id}/probe json")
stills_sheet: Operation[bytes] = Operation("GET /videos/{id}/stills.pdf")
subject_change: Operation[Changed] = Operation("POST /galleries/{name}/subjects/change json")
subject_list: Operation[Subjects] = Operation("GET /galleries/{name}/subjects ?limit,cursor")
subject_merge: Operation[Changed] = Operation("POST /galleries/{name}/subjects/merge json")
unusable_erase: Operation[Enrolment] = Operation("POST /enrolments/{number}/failed/erase")
unusable_picture: Operation[bytes] = Operation("GET /enrolments/{number}/failed/{place}/picture")
urgent_authorise: Operation[Authorised] = Operation("POST /searches/{id}/authorise json")
verification_list: Operation[Verifications] = Operation("GET /verifications ?limit,cursor")
verification_record: Operation[Recorded] = Operation("POST /verifications/{id} json")
verification_show: Operation[Blind] = Operation("GET /verifications/{id}")
video_again: Operation[Video] = Operation("POST /videos/{id}/again json")
video_clock: Operation[Video] = Operation("POST /videos/{id}/clock json")
video_erase: Operation[VideoErased] = Operation("POST /videos/{id}/erase json")
video_list: Operation[Videos] = Operation("GET /videos ?limit,cursor")
video_show: Operation[Video] = Operation("GET /videos/{id}")
video_stream: Operation[Video] = Operation("POST /videos/{id}/streams/{number}")
webhook_add: Operation[Secret] = Operation("POST /webhooks json")
webhook_list: Operation[Webhooks] = Operation("GET /webhooks ?limit,cursor")
webhook_remove: Operation[None] = Operation("DELETE /webhooks/{id}")
webhook_rotate: Operation[Secret] = Operation("POST /webhooks/{id}/rotate json")
webhook_show: Operation[Webhook] = Operation("GET /webhooks/{id}")
webhook_test: Operation[Delivery] = Operation("POST /webhooks/{id}/test")

"""Every page: its path, its view, its name and who may open it, one row each.

Owns the table. The site's addresses are built from it, so a page without a row cannot exist; `middleware.Access`
enforces it before every view, and tests/integration/test_url_matrix.py walks it. The pages of the sign-in library are in
`sign_in_pages`. It must never have a row that opens to more people than its view's act does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from plainview.casework.enrolment.incoming import MAX_BYTES as UPLOAD
from plainview.casework.probes.preparations import MAX_BYTES as PROBE
from plainview.casework.retention.court_orders import MAX_BYTES as ORDER
from plainview.policy.permissions import Permission
from plainview.policy.rights import PHOTO_BYTES
from plainview.policy.video import PART_BYTES
from plainview.web.page import AROUND, Page
from plainview.web.sign_in_pages import SIGN_IN, Anyone
from plainview.web.views import (
    agreements,
    alerts,
    approvals,
    candidates,
    cases,
    clock,
    disclosed,
    disclosure,
    examination,
    exoneration,
    feeds,
    find,
    galleries,
    holds,
    home,
    jobs,
    leads,
    list_pictures,
    log,
    me,
    members,
    misuse,
    news,
    photographs,
    policy,
    probes,
    proficiency,
    proposals,
    register,
    reports,
    retention,
    retention_rules,
    rights,
    rights_public,
    sampling,
    search,
    sharing,
    status,
    stills,
    subjects,
    tokens,
    triage,
    verification,
    videos,
    webhooks,
    well_known,
)

may = Permission
PUBLIC, MEMBER = Anyone.PUBLIC, Anyone.MEMBER

PAGES: tuple[Page, ...] = (
    # What programs ask every site for.
    Page("favicon.ico", well_known.favicon, "favicon", PUBLIC),
    Page("robots.txt", well_known.robots, "robots", PUBLIC),
    Page(".well-known/security.txt", well_known.security, "security-txt", PUBLIC),
    # Home, and the member's own pages.
    Page("", home.home, "home", MEMBER),
    Page("find/", find.find, "find", MEMBER),
    Page("everything/", home.oversight, "oversight", MEMBER),
    Page("news/", news.news, "news", MEMBER),
    Page("news/now/", news.now, "news-now", MEMBER),
    Page("me/", log.me, "me", may.SESSION_OWN),
    Page("me/record.json", log.me_export, "me-export", may.SESSION_OWN),
    Page("sessions/", me.sessions, "sessions", may.SESSION_OWN),
    Page("sessions/<int:number>/end/", me.session_end, "session-end", may.SESSION_OWN),
    Page("sign-in-as/", me.sign_in_as, "sign-in-as", PUBLIC),
    Page("tokens/", tokens.tokens, "tokens", may.TOKEN_OWN),
    Page("tokens/new/", tokens.token_new, "token-new", may.TOKEN_OWN),
    Page("tokens/<id>/revoke/", tokens.token_revoke, "token-revoke", may.TOKEN_OWN),
    Page("join/<code>/", me.join, "join", PUBLIC),
    Page("status/", status.status, "status", may.STATUS_READ),
    Page("jobs/<id>/", jobs.job, "job", may.JOB_OWN),
    Page("jobs/<id>/cancel/", jobs.job_cancel, "job-cancel", may.JOB_OWN),
    # Cases.
    Page("cases/", cases.cases, "cases", may.CASE_READ),
    Page("cases/open/", cases.case_open, "case-open", may.CASE_OPEN),
    Page("cases/<int:number>/", cases.case, "case", may.CASE_READ),
    Page("cases/<int:number>/close/", cases.case_close, "case-close", may.CASE_CLOSE),
    # A probe: its preparation and its search.
    Page("prepare/", probes.prepare, "prepare", may.SEARCH_RUN, body=2 * PROBE),
    Page("prepare/<id>/", probes.preparation, "preparation", may.SEARCH_RUN),
    Page("prepare/<id>/picture.jpg", probes.preparation_picture, "preparation-picture", may.SEARCH_RUN),
    Page("prepare/<id>/face.jpg", probes.preparation_face, "preparation-face", may.SEARCH_RUN),
    Page("prepare/<id>/thumbnail.jpg", probes.preparation_thumbnail, "preparation-thumbnail", may.SEARCH_RUN),
    Page("prepare/<id>/save/", probes.preparation_save, "preparation-save", may.SEARCH_RUN),
    Page("prepare/<id>/edit/", probes.preparation_edit, "preparation-edit", may.SEARCH_RUN),
    Page("prepare/<id>/again/", probes.preparation_again, "preparation-again", may.SEARCH_RUN),
    Page("prepare/<id>/discard/", probes.preparation_discard, "preparation-discard", may.SEARCH_RUN),
    Page("prepare/<id>/approval/", probes.preparation_approval, "preparation-approval", may.SEARCH_RUN),
    Page("prepare/<id>/favourite/", probes.preparation_favourite, "preparation-favourite", may.SEARCH_RUN),
    Page("prepare/<id>/photographs/", photographs.photograph_add, "photograph-add", may.SEARCH_RUN, body=2 * PROBE),
    Page("prepare/<id>/photographs/<int:number>/", photographs.photograph_change, "photograph-change", may.SEARCH_RUN),
    Page(
        "prepare/<id>/photographs/<int:number>.jpg",
        photographs.photograph_picture,
        "photograph-picture",
        may.SEARCH_RUN,
    ),
    Page("prepare/<id>/search/", search.preparation_search, "preparation-search", may.SEARCH_RUN),
    # A search and its candidates.
    Page("searches/<id>/", candidates.search, "search", may.CASE_READ),
    Page("searches/<id>/probe.jpg", list_pictures.search_probe, "search-probe", may.CASE_READ),
    Page(
        "searches/<id>/photographs/<int:number>.jpg", photographs.search_photograph, "search-photograph", may.CASE_READ
    ),
    Page("searches/<id>/candidates/<int:rank>/face.jpg", list_pictures.candidate_face, "candidate-face", may.CASE_READ),
    Page(
        "searches/<id>/candidates/tens/<int:ten>/faces.jpg",
        list_pictures.candidate_faces,
        "candidate-faces",
        may.CASE_READ,
    ),
    Page(
        "searches/<id>/candidates/<int:rank>/whole.jpg", list_pictures.candidate_whole, "candidate-whole", may.CASE_READ
    ),
    Page("searches/<id>/candidates.pdf", triage.sheet, "search-pdf", may.CASE_READ),
    Page("searches/<id>/none/", triage.none, "none-of-these", may.EXAMINATION_RECORD),
    Page("searches/<id>/candidates/<int:rank>/aside/", triage.aside, "set-aside", may.EXAMINATION_RECORD),
    # Examination of one candidate, and blind verification by a second person.
    Page("examinations/", examination.examination_list, "examinations", may.CASE_READ),
    Page("searches/<id>/candidates/<int:rank>/examine/", examination.examination, "examine", may.EXAMINATION_RECORD),
    Page(
        "searches/<id>/candidates/<int:rank>/examine/draft/", examination.draft, "examine-draft", may.EXAMINATION_RECORD
    ),
    Page(
        "searches/<id>/candidates/<int:rank>/examine/<which>.jpg",
        examination.examination_picture,
        "examine-picture",
        may.EXAMINATION_RECORD,
    ),
    Page("verifications/", verification.verification_list, "verifications", may.VERIFICATION_RECORD),
    Page("verifications/<id>/", verification.verification, "verification", may.VERIFICATION_RECORD),
    Page(
        "verifications/<id>/probe.jpg", verification.verification_picture, "verification-probe", may.VERIFICATION_RECORD
    ),
    Page(
        "verifications/<id>/faces/<int:position>.jpg",
        verification.verification_picture,
        "verification-picture",
        may.VERIFICATION_RECORD,
    ),
    Page("verifications/<id>/faces/<int:position>/", verification.face, "verification-face", may.VERIFICATION_RECORD),
    Page(
        "verifications/<id>/faces/<int:position>/draft/",
        verification.draft,
        "verification-draft",
        may.VERIFICATION_RECORD,
    ),
    # Leads: release, withholding, outcome.
    Page("leads/", leads.leads, "leads", may.LEAD_LIST),
    Page("leads/<id>/", leads.lead, "lead", may.LEAD_LIST),
    Page("leads/<id>/evidence/", leads.evidence, "lead-evidence", may.LEAD_RELEASE),
    Page("leads/<id>/outcome/", leads.outcome, "lead-outcome", may.OUTCOME_REPORT),
    Page("leads/<id>/sheet.pdf", leads.sheet, "lead-sheet", may.LEAD_LIST),
    Page("leads/<id>/<which>.jpg", leads.lead_picture, "lead-picture", may.LEAD_LIST),
    Page("examinations/<id>/release/", leads.release, "release", may.LEAD_RELEASE),
    Page("examinations/<id>/withhold/", leads.withhold, "withhold", may.LEAD_RELEASE),
    Page("examinations/<id>/release/<which>.jpg", leads.release_picture, "release-picture", may.LEAD_RELEASE),
    # Proficiency: items with a known answer, and everyone's figures.
    Page("proficiency/", proficiency.proficiency, "proficiency", may.PROFICIENCY_READ),
    Page(
        "proficiency/items/",
        proficiency.proficiency_items,
        "proficiency-items",
        may.PROFICIENCY_MANAGE,
        body=PROBE + AROUND,
    ),
    Page("proficiency/items/<id>/retire/", proficiency.retire, "proficiency-retire", may.PROFICIENCY_MANAGE),
    Page(
        "proficiency/items/<id>/<which>.jpg",
        proficiency.proficiency_picture,
        "proficiency-picture",
        may.PROFICIENCY_MANAGE,
    ),
    # Alerts.
    Page("alerts/", alerts.alert_list, "alerts", may.ALERT_READ),
    Page("alerts/preference/", alerts.alert_preference, "alert-preference", may.ALERT_OWN),
    Page("alerts/<id>/unmute/", alerts.alert_unmute, "alert-unmute", may.ALERT_OWN),
    Page("alerts/<id>/close/", alerts.alert_close, "alert-close", may.ALERT_CLOSE),
    Page("alerts/<id>/mute/", alerts.alert_mute, "alert-mute", may.ALERT_OWN),
    Page("alerts/<id>/renew/", alerts.alert_renew, "alert-renew", may.ALERT_RENEW),
    Page("searches/<id>/alert/", alerts.alert_new, "alert-new", may.ALERT_CREATE),
    # Videos and their stills.
    Page("videos/", videos.video_list, "videos", may.VIDEO_READ),
    Page("videos/begin/", videos.video_begin, "video-begin", may.VIDEO_UPLOAD),
    Page("videos/<id>/", videos.video, "video", may.VIDEO_READ),
    Page("videos/<id>/received/", videos.video_received, "video-received", may.VIDEO_UPLOAD),
    Page("videos/<id>/part/", videos.video_part, "video-part", may.VIDEO_UPLOAD, body=PART_BYTES),
    Page("videos/<id>/finish/", videos.video_finish, "video-finish", may.VIDEO_UPLOAD),
    Page("videos/<id>/discard/", videos.video_discard, "video-discard", may.VIDEO_UPLOAD),
    Page("videos/<id>/faces/", videos.video_faces, "video-faces", may.VIDEO_READ),
    Page("videos/<id>/again/", videos.video_again, "video-again", may.VIDEO_UPLOAD),
    Page("videos/<id>/streams/<int:number>/", videos.video_stream, "video-stream", may.VIDEO_UPLOAD),
    Page("videos/<id>/clock/", videos.video_clock, "video-clock", may.VIDEO_UPLOAD),
    Page("videos/<id>/persons/", videos.video_persons, "video-persons", may.VIDEO_UPLOAD),
    Page("videos/<id>/file", stills.video_file, "video-file", may.VIDEO_READ),
    Page("videos/<id>/erase/", videos.video_erase, "video-erase", may.VIDEO_ERASE),
    Page("videos/<id>/stills/<kind>/", videos.video_stills, "video-stills", may.VIDEO_READ),
    Page("stills/<id>/", stills.still, "still", may.VIDEO_READ),
    Page("stills/<id>/thumbnail.jpg", stills.still_thumbnail, "still-thumbnail", may.VIDEO_READ),
    Page("stills/<id>/frame.jpg", stills.still_picture, "still-frame", may.VIDEO_READ),
    Page("stills/<id>/pick/", stills.still_pick, "still-pick", may.SEARCH_RUN),
    # Galleries, enrolments and references.
    Page("galleries/", galleries.galleries, "galleries", may.GALLERY_LIST),
    Page("galleries/new/", galleries.gallery_new, "gallery-new", may.GALLERY_CREATE),
    Page("galleries/<int:pk>/", galleries.gallery, "gallery", may.GALLERY_LIST),
    Page("galleries/<int:pk>/passport/", galleries.gallery_passport, "gallery-passport", may.GALLERY_CREATE),
    Page("galleries/<int:pk>/people/", subjects.gallery_subjects, "gallery-subjects", may.SUBJECT_CHANGE),
    Page("galleries/<int:pk>/enrol/", galleries.gallery_enrol, "gallery-enrol", may.GALLERY_ENROL, body=UPLOAD),
    Page("galleries/<int:pk>/enrolments/<int:number>/", galleries.enrolment, "enrolment", may.GALLERY_ENROL),
    Page(
        "galleries/<int:pk>/enrolments/<int:number>/erase/",
        galleries.enrolment_erase,
        "enrolment-erase",
        may.GALLERY_ENROL,
    ),
    Page(
        "galleries/<int:pk>/enrolments/<int:number>/failures/<int:rank>.jpg",
        galleries.enrolment_failure,
        "enrolment-failure",
        may.GALLERY_ENROL,
    ),
    Page("references/", galleries.reference_find, "reference-find", may.REFERENCE_EXPUNGE),
    Page("references/<id>/", galleries.reference, "reference", may.REFERENCE_EXPUNGE),
    Page("references/<id>/face.jpg", galleries.reference_picture, "reference-picture", may.REFERENCE_EXPUNGE),
    # Agreements with other agencies, and the searches requested under them.
    Page("shared/", sharing.shared, "shared", may.AGREEMENT_READ),
    Page("shared/<id>/", sharing.shared_request, "shared-request", may.SHARED_READ),
    Page("shared/<id>/probe.jpg", sharing.shared_probe, "shared-probe", may.SHARED_READ),
    Page("shared/<id>/candidates/<int:rank>.jpg", sharing.shared_candidate, "shared-candidate", may.SHARED_READ),
    Page("shared/<id>/authorise/", sharing.authorise, "shared-authorise", may.SHARED_AUTHORISE),
    Page("shared/<id>/take-back/", sharing.take_back, "shared-take-back", may.SHARED_REQUEST),
    Page("shared/<id>/take/", sharing.take, "shared-take", may.SHARED_ANSWER),
    Page("shared/<id>/decline/", sharing.decline, "shared-decline", may.SHARED_ANSWER),
    Page("shared/<id>/approval/", sharing.approval, "shared-approval", may.SHARED_ANSWER),
    Page("shared/<id>/search/", sharing.search, "shared-search", may.SHARED_ANSWER),
    Page("shared/<id>/answer/", sharing.answer, "shared-answer", may.SHARED_ANSWER),
    Page("shared/<id>/outcome/", sharing.outcome, "shared-outcome", may.OUTCOME_REPORT),
    Page("prepare/<id>/ask/", sharing.ask, "shared-ask", may.SHARED_REQUEST),
    Page("agreements/new/", agreements.agreement_new, "agreement-new", may.AGREEMENT_MANAGE),
    Page("agreements/<id>/", agreements.agreement, "agreement", may.AGREEMENT_READ),
    Page("agreements/<id>/change/", agreements.agreement_change, "agreement-change", may.AGREEMENT_MANAGE),
    Page("agreements/<id>/accept/", agreements.agreement_accept, "agreement-accept", may.AGREEMENT_MANAGE),
    Page("agreements/<id>/withdraw/", agreements.agreement_withdraw, "agreement-withdraw", may.AGREEMENT_MANAGE),
    # Approvals and urgent searches.
    Page("approvals/", approvals.approvals, "approvals", may.SEARCH_APPROVE),
    Page("approvals/<id>/", approvals.approval_decide, "approval-decide", may.SEARCH_APPROVE),
    Page("approvals/<id>/probe.jpg", approvals.approval_picture, "approval-picture", may.SEARCH_APPROVE),
    Page("urgent/<id>/", approvals.urgent_authorise, "urgent-authorise", may.SEARCH_AUTHORISE),
    Page("lapsed/<id>/", approvals.lapsed, "lapsed", may.URGENT_REVIEW),
    Page("lapsed/<id>/probe.jpg", approvals.lapsed_picture, "lapsed-picture", may.URGENT_REVIEW),
    # Misuse: flags.
    Page("flags/", misuse.flags, "flags", may.FLAG_READ),
    Page("flags/<id>/", misuse.flag, "flag", may.FLAG_READ),
    # Audit samples.
    Page("samples/", sampling.samples, "samples", may.AUDIT_SAMPLE),
    Page("samples/<id>/", sampling.sample, "sample", may.AUDIT_SAMPLE),
    Page("samples/<id>/<int:position>/", sampling.sample_finding, "sample-finding", may.AUDIT_SAMPLE),
    # Feeds of publishers, and webhooks to the agency's own systems.
    Page("feeds/", feeds.feeds, "feeds", may.GALLERY_LIST),
    Page("feeds/new/", feeds.feed_new, "feed-new", may.GALLERY_CREATE),
    Page("feeds/<id>/", feeds.feed, "feed", may.GALLERY_LIST),
    Page("feeds/<id>/try/", feeds.feed_try, "feed-try", may.GALLERY_CREATE),
    Page("feeds/<id>/run/", feeds.feed_run, "feed-run", may.GALLERY_ENROL),
    Page("feeds/<id>/stop/", feeds.feed_stop, "feed-stop", may.GALLERY_CREATE),
    Page("webhooks/", webhooks.webhooks, "webhooks", may.WEBHOOK_SET),
    Page("webhooks/new/", webhooks.webhook_new, "webhook-new", may.WEBHOOK_SET),
    Page("webhooks/<id>/", webhooks.webhook, "webhook", may.WEBHOOK_SET),
    Page("webhooks/<id>/test/", webhooks.webhook_test, "webhook-test", may.WEBHOOK_SET),
    Page("webhooks/<id>/rotate/", webhooks.webhook_rotate, "webhook-rotate", may.WEBHOOK_SET),
    Page("webhooks/<id>/remove/", webhooks.webhook_remove, "webhook-remove", may.WEBHOOK_SET),
    Page("deliveries/<id>/again/", webhooks.delivery_again, "delivery-again", may.WEBHOOK_SET),
    # Reports.
    Page("reports/", reports.reports, "reports", may.REPORT_READ),
    Page("reports/report.pdf", reports.report_file, "report-pdf", may.REPORT_READ, {"form": "pdf"}),
    Page("reports/report.csv", reports.report_file, "report-csv", may.REPORT_READ, {"form": "csv"}),
    Page("reports/report.json", reports.report_file, "report-json", may.REPORT_READ, {"form": "json"}),
    Page("reports/schedules/", reports.schedules, "report-schedules", may.REPORT_READ),
    Page("reports/schedules/new/", reports.schedule_new, "report-schedule-new", may.REPORT_SCHEDULE),
    Page("reports/<id>/stop/", reports.schedule_stop, "report-schedule-stop", may.REPORT_SCHEDULE),
    # The log.
    Page("log/", log.log, "log", may.AUDIT_READ),
    Page("log/checkpoint", log.log_checkpoint, "log-checkpoint", may.AUDIT_READ),
    Page("clock/", clock.clock, "clock", may.CLOCK_SETTLE),
    Page("log/<int:number>/", log.log_entry, "log-entry", may.AUDIT_READ),
    Page("log/<int:number>/proof.json", log.log_proof, "log-proof", may.AUDIT_READ),
    # Retention and holds.
    Page("retention/", retention.retention, "retention", may.RETENTION_READ),
    Page("retention/rules/", retention_rules.retention_rules_page, "retention-rules", may.RETENTION_READ),
    Page("retention/events/", retention.retention_events, "retention-events", may.RETENTION_EVENT),
    Page("retention/events/record/", retention.retention_event, "retention-event", may.RETENTION_EVENT),
    Page("retention/events/order/", retention.retention_order, "retention-order", may.RETENTION_EVENT, body=2 * ORDER),
    Page("retention/propose/", retention.retention_propose, "retention-propose", may.RETENTION_PROPOSE),
    Page("retention/runs/<id>/", retention.retention_run, "retention-run", may.RETENTION_READ),
    Page("retention/runs/<id>/approve/", retention.retention_approve, "retention-approve", may.RETENTION_APPROVE),
    Page("retention/runs/<id>/withdraw/", retention.retention_withdraw, "retention-withdraw", may.RETENTION_PROPOSE),
    Page("retention/runs/<id>/again/", retention.retention_again, "retention-again", may.RETENTION_APPROVE),
    Page("retention/runs/<id>/list.csv", retention.retention_list, "retention-list", may.RETENTION_READ),
    Page("retention/runs/<id>/proof.json", retention.retention_proof, "retention-proof", may.RETENTION_READ),
    Page("holds/", holds.holds, "holds", may.RETENTION_READ),
    Page("holds/<id>/end/", holds.hold_end, "hold-end", may.HOLD_END),
    # Disclosure: the agency's side.
    Page("searches/<id>/disclosure/", disclosure.search_disclosure, "search-disclosure", may.DISCLOSURE_GRANT),
    Page("searches/<id>/disclosure/grant/", disclosure.search_grant, "search-grant", may.DISCLOSURE_GRANT),
    Page("searches/<id>/disclosure/package/", disclosure.search_package, "search-package", may.DISCLOSURE_MAKE),
    Page("grants/<id>/revoke/", disclosure.grant_revoke, "grant-revoke", may.DISCLOSURE_GRANT),
    Page("packages/<id>/package.zip", disclosure.package_download, "package-download", may.DISCLOSURE_MAKE),
    # Disclosure: the defence's side.
    Page("disclosures/", disclosed.disclosures, "disclosures", may.DISCLOSURE_READ),
    Page("disclosures/<id>/", disclosed.disclosure, "disclosure", may.DISCLOSURE_READ),
    Page("disclosures/<id>/<which>.jpg", disclosed.disclosure_picture, "disclosure-picture", may.DISCLOSURE_READ),
    Page(
        "disclosures/<id>/candidates/<int:rank>.jpg",
        disclosed.disclosure_candidate,
        "disclosure-candidate",
        may.DISCLOSURE_READ,
    ),
    Page("packages/<id>/disclosed.zip", disclosed.disclosure_download, "disclosure-download", may.DISCLOSURE_READ),
    # Exoneration reviews.
    Page("searches/<id>/review/", exoneration.exoneration_ask, "exoneration-ask", may.EXONERATION_ASK),
    Page("exonerations/", exoneration.exonerations, "exonerations", may.EXONERATION_READ),
    Page("exonerations/<id>/", exoneration.exoneration, "exoneration", may.EXONERATION_READ),
    Page("exonerations/<id>/decide/", exoneration.exoneration_decide, "exoneration-decide", may.EXONERATION_DECIDE),
    Page("exonerations/<id>/prepare/", exoneration.exoneration_prepare, "exoneration-prepare", may.SEARCH_RUN),
    Page("exonerations/<id>/answer/", exoneration.exoneration_answer, "exoneration-answer", may.EXONERATION_DECIDE),
    Page("exonerations/<id>/result.json", exoneration.exoneration_result, "exoneration-result", may.EXONERATION_READ),
    # Requests from people about themselves: the agency's side.
    Page("rights-requests/", rights.requests, "rights-requests", may.RIGHTS_READ),
    Page("rights-requests/<id>/", rights.request, "rights-request", may.RIGHTS_READ),
    Page("rights-requests/<id>/photo.jpg", rights.request_photo, "rights-request-photo", may.RIGHTS_CONFIRM),
    Page("rights-requests/<id>/letter.pdf", rights.request_letter, "rights-request-letter", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/faces/<int:number>.jpg", rights.request_face, "rights-request-face", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/confirm/", rights.request_confirm, "rights-request-confirm", may.RIGHTS_CONFIRM),
    Page("rights-requests/<id>/search/", rights.request_search, "rights-request-search", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/decide/", rights.request_decide, "rights-request-decide", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/answer/", rights.request_answer, "rights-request-answer", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/refuse/", rights.request_refuse, "rights-request-refuse", may.RIGHTS_ANSWER),
    Page("rights-requests/<id>/extend/", rights.request_extend, "rights-request-extend", may.RIGHTS_ANSWER),
    # Requests from people about themselves: the side of those who ask, without an account.
    Page("rights/", rights_public.rights, "rights", PUBLIC, body=2 * PHOTO_BYTES),
    Page("rights/<id>/", rights_public.own, "rights-own", PUBLIC),
    Page("rights/<id>/answer.pdf", rights_public.own_answer, "rights-own-answer", PUBLIC),
    Page("rights/<id>/proof.json", rights_public.own_proof, "rights-own-proof", PUBLIC),
    # Members and the agency's policy.
    Page("members/", members.members, "members", may.MEMBER_LIST),
    Page("members/invite/", members.member_invite, "member-invite", may.MEMBER_INVITE),
    Page("members/<id>/", members.member, "member", may.MEMBER_LIST),
    Page("members/<id>/roles/", members.member_roles, "member-roles", may.MEMBER_ROLES),
    Page("members/<id>/training/", members.member_training, "member-training", may.TRAINING_RECORD),
    Page("members/<id>/trial/", members.member_trial, "member-trial", may.TRIAL_APPROVE),
    Page("members/<id>/release/", members.member_release, "member-release", may.MEMBER_RELEASE),
    Page("members/<id>/reset/", members.member_reset, "member-reset", may.MEMBER_RELEASE),
    # Acts that need two people.
    Page("proposals/", proposals.proposals, "proposals", may.PROPOSAL_READ),
    Page("proposals/<id>/", proposals.proposal, "proposal", may.PROPOSAL_READ),
    Page("proposals/<id>/decide/", proposals.proposal_decide, "proposal-decide", may.PROPOSAL_DECIDE),
    Page("members/<id>/deactivate/", members.member_deactivate, "member-deactivate", may.MEMBER_DEACTIVATE),
    Page("policy/", policy.policy, "policy", may.POLICY_SHOW),
    Page("policy/change/", policy.policy_change, "policy-change", may.POLICY_CHANGE),
    # The public register.
    Page("register/", register.register, "register", PUBLIC),
    Page("register.json", register.register_json, "register-json", PUBLIC),
    Page("register/history/", register.register_history, "register-history", PUBLIC),
    Page("register/history/<digest>.json", register.register_published, "register-published", PUBLIC),
    Page("register/attest/", register.register_attest, "register-attest", may.REGISTER_ATTEST),
    Page("register/<id>/", register.register_agency, "register-agency", PUBLIC),
)
"""Read from top to bottom: of two rows that match an address, the upper one answers."""

ACCESS: Mapping[str, Permission | Anyone] = MappingProxyType({page.name: page.who for page in PAGES} | SIGN_IN)
"""Who may open each page, by its name. A name without a row is refused."""

BODIES: Mapping[str, int] = MappingProxyType({page.name: page.body for page in PAGES})
"""The most bytes of a request to each page, by its name."""

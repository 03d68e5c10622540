"""Operations about the agency itself: the token, members, proposals, policy, agreements, webhooks.

Owns these rows; `operations` puts them together.
"""

from __future__ import annotations

from plainview.api import agreements, me, members, policy, proposals, webhooks
from plainview.api.operation import Open, Operation, under
from plainview.policy.permissions import Permission

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    *under(
        "Token",
        Operation("GET", "/me", me.me, Open.MEMBER, me.MeOut),
    ),
    # Members, and acts that need two people.
    *under(
        "Members",
        Operation("GET", "/members", members.member_list, may.MEMBER_LIST, members.MembersOut),
        Operation("GET", "/members/{id}", members.member_show, may.MEMBER_LIST, members.MemberOut),
        Operation("POST", "/members/{id}/roles", members.member_roles, may.MEMBER_ROLES, proposals.ProposalOut, 201),
        Operation(
            "POST", "/members/{id}/training", members.member_training, may.TRAINING_RECORD, members.TrainingOut, 201
        ),
        Operation("POST", "/members/{id}/trial", members.member_trial, may.TRIAL_APPROVE, members.TrialOut, 201),
        Operation(
            "POST", "/members/{id}/release", members.member_release, may.MEMBER_RELEASE, proposals.ProposalOut, 201
        ),
        Operation("POST", "/members/{id}/reset", members.member_reset, may.MEMBER_RELEASE, proposals.ProposalOut, 201),
        Operation(
            "POST", "/members/{id}/deactivate", members.member_deactivate, may.MEMBER_DEACTIVATE, members.EndedOut
        ),
        Operation("GET", "/invitations", members.invitation_list, may.MEMBER_LIST, members.InvitationsOut),
        Operation("POST", "/invitations", members.member_invite, may.MEMBER_INVITE, members.InvitedOut, 201),
        Operation("GET", "/proposals", proposals.proposal_list, may.PROPOSAL_READ, proposals.ProposalsOut),
        Operation("GET", "/proposals/{id}", proposals.proposal_show, may.PROPOSAL_READ, proposals.ProposalOut),
        Operation(
            "POST", "/proposals/{id}/approve", proposals.proposal_approve, may.PROPOSAL_DECIDE, proposals.DecidedOut
        ),
        Operation(
            "POST", "/proposals/{id}/reject", proposals.proposal_reject, may.PROPOSAL_DECIDE, proposals.DecidedOut
        ),
        Operation("GET", "/policy", policy.policy_show, may.POLICY_SHOW, policy.PolicyOut, versioned=True),
        Operation(
            "POST", "/policy", policy.policy_change, may.POLICY_CHANGE, proposals.ProposalOut, 201, versioned=True
        ),
        Operation("POST", "/policy/try", policy.policy_try, may.POLICY_CHANGE, policy.TriedOut),
    ),
    # Agreements with other agencies.
    *under(
        "Agreements",
        Operation("GET", "/agreements", agreements.agreement_list, may.AGREEMENT_READ, agreements.AgreementsOut),
        Operation(
            "POST", "/agreements", agreements.agreement_propose, may.AGREEMENT_MANAGE, agreements.AgreementOut, 201
        ),
        Operation("GET", "/agreements/{id}", agreements.agreement_show, may.AGREEMENT_READ, agreements.AgreementOut),
        Operation(
            "POST",
            "/agreements/{id}/versions",
            agreements.agreement_change,
            may.AGREEMENT_MANAGE,
            agreements.AgreementOut,
            201,
        ),
        Operation(
            "POST",
            "/agreements/{id}/accept",
            agreements.agreement_accept,
            may.AGREEMENT_MANAGE,
            agreements.AgreementOut,
        ),
        Operation(
            "POST",
            "/agreements/{id}/withdraw",
            agreements.agreement_withdraw,
            may.AGREEMENT_MANAGE,
            agreements.AgreementOut,
        ),
    ),
    # Webhooks to the agency's own systems.
    *under(
        "Webhooks",
        Operation("GET", "/webhooks", webhooks.webhook_list, may.WEBHOOK_SET, webhooks.WebhooksOut),
        Operation("POST", "/webhooks", webhooks.webhook_add, may.WEBHOOK_SET, webhooks.SecretOut, 201),
        Operation("GET", "/webhooks/{id}", webhooks.webhook_show, may.WEBHOOK_SET, webhooks.WebhookOut),
        Operation("GET", "/webhooks/{id}/deliveries", webhooks.delivery_list, may.WEBHOOK_SET, webhooks.DeliveriesOut),
        Operation("POST", "/webhooks/{id}/test", webhooks.webhook_test, may.WEBHOOK_SET, webhooks.DeliveryOut),
        Operation("POST", "/webhooks/{id}/rotate", webhooks.webhook_rotate, may.WEBHOOK_SET, webhooks.SecretOut),
        Operation("DELETE", "/webhooks/{id}", webhooks.webhook_remove, may.WEBHOOK_SET, None, 204),
        Operation("POST", "/deliveries/{id}/again", webhooks.delivery_again, may.WEBHOOK_SET, webhooks.DeliveryOut),
    ),
)

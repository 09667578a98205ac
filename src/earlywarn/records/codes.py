"""Every code a record may carry, declared once and shared by all adapters.

A code list is a mapping from the code to a small frozen value; the keys are the contract, the values are what the
later rooms need to know of a code (whether an agency is an organisation, whether a kind is a contact, which class a
concern belongs to). The lists follow the vocabularies of the English children's social care collections.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Agency:
    """Who saw, raised or holds a record.

    ``organisation`` is true where it can hold records and be told of them; a relative or a passer-by cannot.
    ``article`` goes before the label in a sentence, where one does.
    """

    label: str
    sector: str
    article: str = ""
    organisation: bool = True

    @property
    def said(self) -> str:
        """Return the label as it stands in a sentence."""
        return f"{self.article} {self.label}".strip()


@dataclass(frozen=True)
class Kind:
    """What sort of thing a record is. ``is_contact``: somebody dealt with the family, not only with the file."""

    label: str
    is_contact: bool = False


ConcernClass = Literal["harm", "parental", "harm_outside_home", "context"]


@dataclass(frozen=True)
class Concern:
    """What a concern is about. Class ``context`` is shown and never counted: no feature reads it."""

    label: str
    group: ConcernClass


@dataclass(frozen=True)
class Role:
    """Who a person is to the child. ``adult`` only where the role itself says so."""

    label: str
    adult: bool


AGENCIES: Mapping[str, Agency] = MappingProxyType(
    {
        "social_care": Agency("children's social care", "social_care"),
        "early_help": Agency("early help", "early_help"),
        "gp": Agency("GP", "health", "the"),
        "health_visiting": Agency("health visiting", "health"),
        "school_nursing": Agency("school nursing", "health"),
        "midwifery": Agency("midwifery", "health"),
        "hospital": Agency("hospital", "health", "the"),
        "emergency": Agency("emergency department", "health", "the"),
        "urgent_care": Agency("urgent care", "health"),
        "ambulance": Agency("ambulance service", "health", "the"),
        "camhs": Agency("child and adolescent mental health", "health"),
        "adult_mental_health": Agency("adult mental health", "health"),
        "substance_misuse": Agency("substance misuse service", "health", "the"),
        "sexual_health": Agency("sexual health", "health"),
        "dentistry": Agency("dentistry", "health"),
        "health": Agency("health (not said which)", "health"),
        "early_years": Agency("early years setting", "education", "the"),
        "school": Agency("school", "education", "the"),
        "college": Agency("college", "education", "the"),
        "education": Agency("education (not said which)", "education"),
        "police": Agency("police", "police", "the"),
        "youth_justice": Agency("youth justice", "justice"),
        "probation": Agency("probation", "justice"),
        "court": Agency("court", "justice", "the"),
        "cafcass": Agency("Cafcass", "justice"),
        "probation_courts": Agency("probation or courts (not said which)", "justice"),
        "housing": Agency("housing", "housing"),
        "adult_social_care": Agency("adult social care", "adult_social_care"),
        "domestic_abuse_service": Agency("domestic abuse service", "voluntary", "the"),
        "voluntary": Agency("voluntary organisation", "voluntary", "a"),
        "other_authority": Agency("another authority", "other_authority"),
        "family": Agency("family or carer", "individual", "the", organisation=False),
        "public": Agency("member of the public", "individual", "a", organisation=False),
        "child_self": Agency("the child", "individual", organisation=False),
        "anonymous": Agency("anonymous caller", "individual", "an", organisation=False),
        "unknown": Agency("source not stated", "individual", "a", organisation=False),
    }
)

ORGANISATIONS: tuple[str, ...] = tuple(code for code, agency in AGENCIES.items() if agency.organisation)

LEAD_AGENCY = "social_care"
"""The agency whose knowledge others are compared with: it holds the statutory duty."""

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "contact": Kind("contact", is_contact=True),
        "referral": Kind("referral", is_contact=True),
        "assessment": Kind("assessment", is_contact=True),
        "visit": Kind("visit", is_contact=True),
        "encounter": Kind("health encounter", is_contact=True),
        "appointment": Kind("appointment", is_contact=True),
        "incident": Kind("incident", is_contact=True),
        "missing": Kind("missing episode", is_contact=True),
        "return_interview": Kind("return interview", is_contact=True),
        "exclusion": Kind("exclusion", is_contact=True),
        "strategy_discussion": Kind("strategy discussion"),
        "strategy_enquiry": Kind("section 47 enquiry"),
        "conference": Kind("conference"),
        "plan_start": Kind("start of plan"),
        "plan_end": Kind("end of plan"),
        "review": Kind("review"),
        "placement_start": Kind("start of placement"),
        "placement_end": Kind("end of placement"),
        "legal_status": Kind("legal status"),
        "involvement_start": Kind("worker allocated"),
        "involvement_end": Kind("worker's involvement ended"),
        "school_attendance": Kind("school attendance"),
        "condition": Kind("condition noted"),
        "screening": Kind("screening"),
        "observation": Kind("observation"),
        "information_check": Kind("information check"),
        "identification_change": Kind("change of identifier"),
        "conclusion": Kind("conclusion"),
        "withdrawal": Kind("withdrawal"),
        "other": Kind("other record"),
    }
)

CONTACT_KINDS: tuple[str, ...] = tuple(code for code, kind in KINDS.items() if kind.is_contact)

CONCERNS: Mapping[str, Concern] = MappingProxyType(
    {
        "neglect": Concern("neglect", "harm"),
        "emotional_abuse": Concern("emotional abuse", "harm"),
        "physical_abuse": Concern("physical abuse", "harm"),
        "sexual_abuse": Concern("sexual abuse", "harm"),
        "injury_unexplained": Concern("injury without a fitting explanation", "harm"),
        "injury_not_mobile": Concern("injury before the child could move about", "harm"),
        "fabricated_illness": Concern("fabricated or induced illness", "harm"),
        "fgm": Concern("female genital mutilation", "harm"),
        "faith_abuse": Concern("abuse linked to faith or belief", "harm"),
        "honour_based_abuse": Concern("so-called honour-based abuse", "harm"),
        "self_harm": Concern("self-harm", "harm"),
        "mental_health_child": Concern("the child's mental health", "harm"),
        "domestic_abuse": Concern("domestic abuse in the household", "parental"),
        "substance_parent": Concern("alcohol or drugs: an adult in the household", "parental"),
        "mental_health_parent": Concern("mental health: an adult in the household", "parental"),
        "parental_conflict": Concern("conflict between parents", "parental"),
        "home_conditions": Concern("home conditions", "parental"),
        "absent_parenting": Concern("absent parenting", "parental"),
        "family_dysfunction": Concern("family functioning", "parental"),
        "concealed_pregnancy": Concern("concealed pregnancy", "parental"),
        "sexual_exploitation": Concern("sexual exploitation", "harm_outside_home"),
        "criminal_exploitation": Concern("criminal exploitation", "harm_outside_home"),
        "gangs": Concern("gangs", "harm_outside_home"),
        "trafficking": Concern("trafficking", "harm_outside_home"),
        "missing": Concern("missing from home or care", "harm_outside_home"),
        "radicalisation": Concern("radicalisation", "harm_outside_home"),
        "online_harm": Concern("harm online", "harm_outside_home"),
        "harmful_sexual_behaviour": Concern("harmful sexual behaviour", "harm_outside_home"),
        "substance_child": Concern("alcohol or drugs: the child", "harm_outside_home"),
        "behaviour": Concern("behaviour", "harm_outside_home"),
        "attendance": Concern("attendance at school", "harm_outside_home"),
        "school_absence": Concern("absence from school", "harm_outside_home"),
        "exclusion": Concern("exclusion from school", "harm_outside_home"),
        "disability": Concern("the child's disability or illness", "context"),
        "parental_illness_or_disability": Concern("a parent's illness or disability", "context"),
        "low_income": Concern("low income", "context"),
        "acute_stress": Concern("family in acute stress", "context"),
        "young_carer": Concern("young carer", "context"),
        "private_fostering": Concern("private fostering", "context"),
        "uasc": Concern("unaccompanied asylum-seeking child", "context"),
        "other": Concern("other", "context"),
        "none_identified": Concern("none identified", "context"),
    }
)

COUNTED_CONCERNS: tuple[str, ...] = tuple(c for c, concern in CONCERNS.items() if concern.group != "context")

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "mother": Role("mother", adult=True),
        "father": Role("father", adult=True),
        "parent": Role("parent", adult=True),
        "step_parent": Role("step-parent", adult=True),
        "partner": Role("partner of a parent", adult=True),
        "carer": Role("carer", adult=True),
        "foster_carer": Role("foster carer", adult=True),
        "grandparent": Role("grandparent", adult=True),
        "adult_relative": Role("adult relative", adult=True),
        "adult_in_household": Role("other adult in the household", adult=True),
        "adult_visitor": Role("adult who visits", adult=True),
        "sibling": Role("sibling", adult=False),
        "child_in_household": Role("other child in the household", adult=False),
        "other": Role("other person", adult=False),
        "unknown": Role("person, role not stated", adult=False),
    }
)

ADULT_ROLES: tuple[str, ...] = tuple(code for code, role in ROLES.items() if role.adult)


def _labels(*codes: str, **labelled: str) -> Mapping[str, str]:
    return MappingProxyType({code: code.replace("_", " ") for code in codes} | labelled)


OUTCOMES = _labels(
    "no_further_action",
    "advice",
    "early_help",
    "step_down",
    "referral",
    "existing_case",
    "assessment",
    "conference",
    "protection_plan",
    "looked_after",
    "closed",
    "transferred",
    "other",
    "unknown",
    strategy_enquiry="section 47 enquiry",
)
ENDED_WITHOUT_ACTION: tuple[str, ...] = ("no_further_action", "advice")

ATTENDANCE = _labels(
    "attended",
    "was_not_brought",
    "no_access",
    cancelled_by_carer="cancelled by the carer",
    cancelled_by_service="cancelled by the service",
    cancelled="cancelled, not said by whom",
)
MISSED: tuple[str, ...] = ("was_not_brought", "no_access")

ABOUT = _labels("child", "carer", "household", "place")
ABOUT_THE_FAMILY: tuple[str, ...] = ("child", "household")
MODES = _labels("phone", "online", "paper", in_person="in person")
PRECISIONS = _labels("instant", "day", "month", "term", "year", "unknown")
BASES = _labels("source", "received_date", "later_event", "extract", "assumed_lag", "unknown")
HANDLING = _labels("open", "restricted", "shielded")
CLOSING = _labels("recorded", "not_recordable")
DECISIONS = _labels("shared", "withheld", "asked")
EXTENTS = _labels("full", "summary", "existence")
CONFERRING_EXTENTS: tuple[str, ...] = ("full", "summary")

EPISODES: Mapping[str, str] = MappingProxyType(
    {
        "early_help": "early help",
        "child_in_need": "child in need",
        "protection_plan": "child protection plan",
        "looked_after": "looked after",
    }
)
STATUTORY_EPISODES: tuple[str, ...] = ("child_in_need", "protection_plan", "looked_after")

LINK_SUBJECTS = _labels("child", "person", "household")
SCHEMES = _labels(
    "la_child_id",
    "upn",
    "former_upn",
    "nhs_number",
    "common_child_id",
    "mis_child_id",
    "legacy_id",
    "fhir_id",
    "record_number",
)

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "injury_site": "where on the body an injury was",
        "injury_explained": "whether the explanation fitted the injury",
        "injured_at": "when the injury is said to have happened",
        "attendee": "an agency that attended",
        "action_due": "the day an agreed action was due",
        "action_done": "the day an agreed action was done",
        "authority": "the authority concerned",
        "acknowledged_by": "an agency that acknowledged",
        "closure_reason": "why a case was closed",
        "code": "the clinical code as the source wrote it, with its scheme",
        "conference_due": "the day a conference was due by",
        "conference_not_required": "that no conference was required",
        "internal_review": "the day of an internal review point",
        "latest_category": "the category of a plan when the extract was made",
        "previous_plans": "how many plans there had been before",
        "team": "the team that holds the case",
        "legal_status": "the legal status, as coded",
        "placement_type": "the placement, as coded",
        "participation": "how the child took part in a review",
        "return_interview_offered": "whether a return interview was offered",
        "return_interview_accepted": "whether a return interview was accepted",
        "review_due": "the day a review was due by",
        "screening": "which screening",
        "screening_score": "the score of a screening, as written",
        "worker_role": "the role of a worker",
        "case_status": "how far the case had got when the extract was made",
        "support_required": "whether an assessment found that support was required",
        "emergency_protection": "that there had been emergency protection in the last six months",
        "pre_proceedings": "which step before care proceedings it was",
        "pre_proceedings_outcome": "what the steps before care proceedings led to, as coded",
        "family_meeting_offered": "whether family group decision-making was offered",
        "family_meeting_held": "whether family group decision-making was facilitated",
        "attendance_code": "what a register entry was, as coded",
        "sessions": "for how many sessions",
        "exclusion_category": "the kind of exclusion, as coded",
        "missing_hours": "how many hours a child was missing",
    }
)

CLOSED_BECAUSE: Mapping[str, str] = MappingProxyType(
    {
        "adopted": "adopted",
        "died": "died",
        "child_arrangements_order": "child arrangements order",
        "special_guardianship": "special guardianship order",
        "moved_away": "moved to another authority",
        "adult_services": "moved to adult services",
        "other": "other, or no longer in need",
        "no_further_action": "closed after assessment, no further action",
        "early_help": "closed to early help",
    }
)


def concern_class(category: str) -> ConcernClass:
    """Class of a concern; a local code that nobody has classed is context, and so is never counted.

    Examples
    --------
    >>> concern_class("neglect"), concern_class("our_local_code")
    ('harm', 'context')

    """
    known = CONCERNS.get(category)
    return known.group if known else "context"


def label(code: str, codes: Mapping[str, object]) -> str:
    """Plain words for a code; a local code is shown as written, with spaces.

    Examples
    --------
    >>> label("health_visiting", AGENCIES), label("our_local_code", CONCERNS)
    ('health visiting', 'our local code')

    """
    found = codes.get(code)
    text = found if isinstance(found, str) else getattr(found, "label", None)
    return text if isinstance(text, str) else code.replace("_", " ")

"""Every rule that a script can break, by code: what `csc` checks, in one table.

A rule is a line here, in the group of its code, and a page `pages/NAME.md` that `csc explain` prints.
"""

from __future__ import annotations

from ..diagnostics import Rule, Severity

# The groups of rules, by the first digit of their codes.
GROUPS = {
    "1": "Syntax",
    "2": "Names and types",
    "3": "Certificate life cycle",
    "4": "Secrets and security",
    "5": "Plan and state",
}

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

UNTERMINATED_QUOTE = Rule("CSC101", "unterminated-quote", _E, "a quoted value is not closed")
STRAY_BACKSLASH = Rule("CSC102", "stray-backslash", _E, "a backslash escapes nothing")
UNKNOWN_COMMAND = Rule("CSC103", "unknown-command", _E, "no such command")
UNEXPECTED_ARGUMENT = Rule("CSC104", "unexpected-argument", _E, "an argument has no meaning here")
MISSING_ARGUMENT = Rule("CSC105", "missing-argument", _E, "a command lacks a type or a name")
TORN_VALUE = Rule("CSC106", "torn-value", _W, "a blank stands within an argument")
REPEATED_ARGUMENT = Rule("CSC107", "repeated-argument", _E, "the same argument stands twice")
UNKNOWN_OPTION = Rule("CSC108", "unknown-option", _E, "the command has no such option")
OPTION_VALUE = Rule("CSC109", "option-value", _E, "an option lacks its value, or takes none")
PROMPT_MISMATCH = Rule("CSC110", "prompt-mismatch", _W, "a pasted prompt shows another context")
NO_EFFECT = Rule("CSC111", "no-effect", _N, "the command changes no object")
UNREADABLE_SOURCE = Rule("CSC112", "unreadable-source", _E, "the script is not UTF-8 text")
INVISIBLE_CHARACTER = Rule("CSC113", "invisible-character", _E, "a character that nobody sees")
UNFORESEEABLE = Rule("CSC114", "unforeseeable-command", _E, "nobody can tell what it will do")
PARAMETER = Rule("CSC115", "parameter-without-value", _E, "a script parameter has no value")
TOO_LARGE = Rule("CSC116", "too-large", _E, "more than csc reads in one go")
UNUSED_PARAMETER = Rule("CSC117", "unused-parameter", _W, "a parameter is given and never used")
EXTENSION_OPTION = Rule("CSC118", "extension-option", _E, "an option that no device knows")
UNUSED_SILENCE = Rule("CSC191", "unused-silence", _W, "a comment that silences nothing")
SILENCE_WITHOUT_REASON = Rule("CSC192", "silence-without-reason", _W, "a silence has to say why")
UNKNOWN_SILENCE = Rule("CSC193", "unknown-silence", _W, "a silence of a rule that is not there")
VAIN_SILENCE = Rule("CSC194", "vain-silence", _W, "a silence of what cannot be silenced")
MALFORMED_SILENCE = Rule("CSC195", "malformed-silence", _W, "a `# csc:` comment that says nothing")

UNKNOWN_TYPE = Rule("CSC201", "unknown-type", _W, "an object type that csc does not know")
UNKNOWN_PROPERTY = Rule("CSC202", "unknown-property", _W, "a property that csc does not know")
WRONG_VALUE = Rule("CSC203", "wrong-value", _E, "the value does not fit the property")
MISSING_PROPERTY = Rule("CSC204", "missing-property", _E, "a mandatory property is missing")
UNKNOWN_OBJECT = Rule("CSC205", "unknown-object", _E, "no such object")
DANGLING_REFERENCE = Rule("CSC206", "dangling-reference", _E, "nothing satisfies a reference")
UNQUALIFIED_REFERENCE = Rule("CSC207", "unqualified-reference", _E, "the store is missing")
OBJECT_EXISTS = Rule("CSC208", "object-exists", _W, "add of an object that is there already")
WRONG_CONTEXT = Rule("CSC209", "wrong-context", _E, "the type does not live here")
MISSING_FILE = Rule("CSC210", "missing-file", _E, "nothing defines a device file")
UNFIT_REFERENCE = Rule("CSC211", "unfit-reference", _E, "the object referred to cannot serve")
UNFIT_PROPERTY = Rule("CSC212", "unfit-property", _E, "the property does not go with this Type")
UNREADABLE_FILE = Rule("CSC213", "unreadable-file", _E, "a device file is not what it should be")
MISSPELT_TYPE = Rule("CSC214", "misspelt-type", _E, "an object type with a slip in it")
MISSPELT_PROPERTY = Rule("CSC215", "misspelt-property", _E, "a property with a slip in it")
WRONG_CATEGORY = Rule("CSC216", "wrong-category", _E, "the type is of another category")
CLOSED_TYPE = Rule("CSC217", "closed-type", _E, "no object of the type can be added")
PROBABLY_MISSPELT = Rule("CSC218", "probably-misspelt", _W, "a name one slip from another one")
NO_CERTIFICATE = Rule("CSC219", "no-certificate", _W, "a tunnel that no certificate can serve")
DELETED_IN_USE = Rule("CSC220", "deleted-in-use", _E, "something refers to a deleted object")
CIRCULAR_REFERENCE = Rule("CSC221", "circular-reference", _E, "objects that hold each other")
ALIKE_NAMES = Rule("CSC222", "alike-names", _W, "names that differ by case alone")
EXTENSION_PROPERTY = Rule("CSC223", "extension-property", _E, "a property that no device knows")

KEY_LOST_AT_RESTART = Rule("CSC301", "key-lost-at-restart", _W, "obtained but never bound")
BOUND_NOT_ACTIVATED = Rule("CSC302", "bound-not-activated", _W, "bound but never activated")
NOT_COMMITTED = Rule("CSC303", "not-committed", _W, "activated but never committed")
ALREADY_VALID = Rule("CSC304", "already-valid", _E, "-initiate of a valid certificate")
NOTHING_OBTAINED = Rule("CSC305", "nothing-obtained", _E, "-update or -revoke of nothing")
USE_AFTER_REVOKE = Rule("CSC306", "use-after-revoke", _E, "a revoked certificate is used")
CERTIFICATE_EXPIRED = Rule("CSC307", "certificate-expired", _E, "an expired certificate is used")
OVERWRITTEN = Rule("CSC308", "overwritten-before-bound", _E, "a new key is overwritten unbound")
BOUND_WITHOUT_KEY = Rule("CSC309", "bound-without-key", _E, "a certificate without its key", True)
FOREIGN_KEY = Rule("CSC310", "foreign-key", _E, "a certificate with another one's key")
NOT_MANAGED_BY_CMP = Rule("CSC311", "not-managed-by-cmp", _E, "certmgr on an object without CMP")
CERTMGR_ACTION = Rule("CSC312", "certmgr-action", _E, "certmgr without exactly one action")
UNCOMMITTED_CHANGES = Rule("CSC313", "uncommitted-changes", _W, "a restart loses changes")
NOT_BOUND = Rule("CSC314", "not-bound", _E, "-update or -revoke before the result is bound")
NOT_ACTIVE_YET = Rule("CSC315", "not-active-yet", _N, "certmgr on what is not active")
REVOKED_IN_USE = Rule("CSC316", "revoked-in-use", _W, "a revoked certificate stays configured")
EXPIRED_IN_USE = Rule("CSC317", "expired-in-use", _W, "an expired certificate stays configured")
DELETED_WHILE_VALID = Rule("CSC318", "deleted-while-valid", _W, "a valid certificate is deleted")
BOUND_ELSEWHERE = Rule("CSC319", "bound-elsewhere", _W, "bound to another object than it is for")
KEY_CANNOT_SIGN = Rule("CSC320", "key-cannot-sign", _E, "a key that cannot sign is to sign")

SECRET_IN_CLEAR = Rule("CSC401", "secret-in-clear", _W, "a secret in clear text")
SECRET_REFERENCE = Rule("CSC402", "secret-reference", _E, "a ${…} that cannot be used")
CREDENTIALS_REUSED = Rule("CSC404", "credentials-reused", _W, "one secret for two enrolments")
FOREIGN_ROOT = Rule("CSC403", "foreign-root", _E, "the sandbox CA is not under this CACert")
SECRET_EXPOSED = Rule("CSC405", "secret-exposed", _E, "a secret where everybody sees it")

NOTHING_SELECTED = Rule("CSC501", "nothing-selected", _E, "an option names no object")
SCOPE_LEAVES_DANGLING = Rule("CSC502", "scope-leaves-dangling", _E, "a scope breaks a reference")
SCOPE_LOSES_KEY = Rule("CSC503", "scope-loses-key", _E, "a scope obtains what it does not bind")
NOTHING_TO_REPLACE = Rule("CSC504", "nothing-to-replace", _E, "--replace without an -initiate")

# With --probe: what the CAs of a plan answer. The plan does what the script says all the same.
CA_UNREACHABLE = Rule("CSC511", "ca-unreachable", _E, "no CMP server answers", True)
CREDENTIAL_REFUSED = Rule("CSC512", "credential-refused", _E, "the CA refuses who asks", True)
ANSWER_NOT_BELIEVED = Rule(
    "CSC513", "answer-not-believed", _E, "who answers is no CA of ours", True
)
KEY_NOT_TAKEN = Rule("CSC514", "key-not-taken", _E, "the CA's template excludes the key", True)
KEY_NOT_LISTED = Rule("CSC515", "key-not-listed", _W, "the CA does not list the kind of key")
SUBJECT_FIXED = Rule("CSC516", "subject-fixed", _E, "the CA fixes a part of the subject", True)
SUBJECT_INCOMPLETE = Rule("CSC517", "subject-incomplete", _W, "the CA wants more in the subject")
NAMES_WANTED = Rule("CSC518", "names-wanted", _W, "the CA wants alternative names")
FOREIGN_CA_CERTS = Rule("CSC519", "foreign-ca-certs", _W, "no CA certificate leads to CACert")
REVOKED_AT_CA = Rule("CSC520", "revoked-at-ca", _E, "the CA has revoked what signs", True)
REVOKED_ALREADY = Rule("CSC521", "revoked-already", _N, "-revoke of what the CA has revoked")
NEW_ROOT = Rule("CSC522", "new-root", _N, "the CA has a new root")
QUESTION_OPEN = Rule("CSC523", "question-open", _N, "the CA does not answer a question")
CA_NOT_ASKED = Rule("CSC524", "ca-not-asked", _N, "nobody can ask the CA yet")
# Found with --probe only.
OF_PROBES = frozenset(
    {
        *(CA_UNREACHABLE, CREDENTIAL_REFUSED, ANSWER_NOT_BELIEVED, KEY_NOT_TAKEN, KEY_NOT_LISTED),
        *(SUBJECT_FIXED, SUBJECT_INCOMPLETE, NAMES_WANTED, FOREIGN_CA_CERTS, REVOKED_AT_CA),
        *(REVOKED_ALREADY, NEW_ROOT, QUESTION_OPEN, CA_NOT_ASKED),
    }
)

RULES: tuple[Rule, ...] = tuple(
    sorted((v for v in list(globals().values()) if isinstance(v, Rule)), key=lambda r: r.code)
)


def find_rule(word: str) -> Rule | None:
    """The rule of this code or name, in any case."""
    return next((r for r in RULES if word.lower() in (r.code.lower(), r.name)), None)

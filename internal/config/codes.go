package config

// Codes of the problems that this package reports; they are stable.
const (
	CodeFile        = "file"         // a file or folder cannot be read, or holds nothing
	CodeSyntax      = "yaml-syntax"  // not YAML
	CodeTab         = "yaml-tab"     // indented with a tab
	CodeEncoding    = "yaml-utf8"    // not UTF-8
	CodeDocuments   = "yaml-stream"  // several documents in one file
	CodeAlias       = "yaml-alias"   // an alias without an anchor, or a `*` that was not quoted
	CodeTag         = "yaml-tag"     // a YAML tag other than !!str
	CodeTooLarge    = "too-large"    // beyond what a configuration can sensibly be
	CodeUnknownKey  = "unknown-key"  // a key that does not exist
	CodeMissingKey  = "missing-key"  // a key that must be there
	CodeKeyConflict = "key-conflict" // keys that exclude each other
	CodeWrongType   = "wrong-type"   // a list where a text belongs, and the like
	CodeBadValue    = "bad-value"    // a value that its key does not take
	CodeBadName     = "bad-name"     // not a domain name
	CodeBadRecord   = "bad-record"   // a value that its record type does not take
	CodeDuplicate   = "duplicate"    // said twice, in one file or in two

	CodeUnknownAccount = "unknown-account" // an account that is not in the list
	CodeUnknownRegion  = "unknown-region"  // warning: a Region that AWS did not have when this was written
	CodeUnknownShare   = "unknown-share"   // an endpoint share that the configuration does not have
	CodeUnknownZone    = "unknown-zone"    // a private zone that the configuration does not have
	CodeOutside        = "outside-parent"  // a name outside the domain in which it must lie
	CodeTwoOwners      = "two-owners"      // a name that two accounts would hold
	CodeWildcard       = "wildcard"        // a wildcard where none can be
	CodeReserved       = "reserved-name"   // a name that orgdns or Route 53 keeps for itself
	CodeRecordConflict = "record-conflict" // records that cannot stand side by side
	CodeRegion         = "region"          // a Region that is missing or cannot be
	CodeSelector       = "selector"        // a selection that cannot be made
	CodeSameAccount    = "same-account"    // note: parent and child are one account
	CodeSuspended      = "suspended"       // note: a suspended account was skipped
)

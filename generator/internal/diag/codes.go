package diag

import "cmp"

// Codes of the outer stages. A code never changes its meaning; a code that is
// no longer used stays reserved.
const (
	// Reading a document.
	CodeReadFailed         = "read-failed"
	CodeEmptyFile          = "empty-file"
	CodeNotText            = "not-text"
	CodeTooLarge           = "too-large"
	CodeTooDeep            = "too-deep"
	CodeSyntax             = "syntax"
	CodeMultipleDocuments  = "multiple-documents"
	CodeNotAnObject        = "not-an-object"
	CodeNoVersion          = "no-version"
	CodeUnsupportedVersion = "unsupported-version"
	CodeDuplicateOperation = "duplicate-operation"
	CodeDuplicateKey       = "duplicate-key"
	CodeNonStringKey       = "non-string-key"
	CodeConvertFailed      = "convert-failed"
	CodeConverted          = "converted"

	// References.
	CodeDanglingRef  = "dangling-ref"
	CodeInvalidRef   = "invalid-ref"
	CodeExternalRef  = "external-ref"
	CodeRemoteRef    = "remote-ref"
	CodeCircularRef  = "circular-ref"
	CodeRefWrongKind = "ref-wrong-kind"
	CodeDynamicRef   = "dynamic-ref"

	// Structure.
	CodeNoPaths          = "no-paths"
	CodeNoOperations     = "no-operations"
	CodePathNoSlash      = "path-no-slash"
	CodePathColon        = "path-colon"
	CodeUnknownMethod    = "unknown-method"
	CodeWrongType        = "wrong-type"
	CodeInvalidParameter = "invalid-parameter"
	CodeDuplicatePath    = "duplicate-path"
	CodeSeveralBodies    = "several-bodies"
	CodeFormMediaType    = "form-media-type"

	// Configuration.
	CodeConfigSyntax  = "config-syntax"
	CodeConfigUnknown = "config-unknown-key"
	CodeConfigInvalid = "config-invalid"

	// Fetching.
	CodeNpmMissing        = "npm-missing"
	CodeRegistryFailed    = "registry-failed"
	CodeVersionMissing    = "version-missing"
	CodeIntegrityMismatch = "integrity-mismatch"
	CodeDownloadFailed    = "download-failed"
	CodeNotPinned         = "source-not-pinned"
	CodeArchiveInvalid    = "archive-invalid"
	CodeArchiveMissing    = "archive-path-missing"

	// Writing.
	CodeInvalidFileName = "invalid-file-name"
	CodeWriteFailed     = "write-failed"
	CodeHandWritten     = "hand-written-file"
	CodeStale           = "stale"
	CodeMissing         = "missing"
	CodeExtra           = "extra"
)

// codes gives every code above its meaning. It is never changed.
var codes = map[string]string{
	CodeReadFailed:         "a file could not be opened or read",
	CodeEmptyFile:          "the file holds no bytes, or white space only",
	CodeNotText:            "the file is not UTF-8 text",
	CodeTooLarge:           "a documented limit of size or number was passed",
	CodeTooDeep:            "values are nested more deeply than the documented limit",
	CodeSyntax:             "the text is neither JSON nor YAML, or stops early",
	CodeMultipleDocuments:  "a YAML stream with more than one document",
	CodeNotAnObject:        "the outermost value is not an object",
	CodeNoVersion:          "neither an openapi nor a swagger member is present",
	CodeUnsupportedVersion: "a version that is not 2.0, 3.0, 3.1 or 3.2",
	CodeDuplicateOperation: "one path or one method of a path is written twice",
	CodeDuplicateKey:       "an object has the same member twice",
	CodeNonStringKey:       "a YAML mapping has a key that is not text",
	CodeConvertFailed:      "a Swagger 2.0 document could not be converted to 3.0",
	CodeConverted:          "a Swagger 2.0 document was converted to 3.0",
	CodeDanglingRef:        "a reference points at nothing",
	CodeInvalidRef:         "a reference is not text or not a valid pointer",
	CodeExternalRef:        "a reference leaves the folder of the document",
	CodeRemoteRef:          "a reference names a network address",
	CodeCircularRef:        "a reference leads back to itself without a value between",
	CodeDynamicRef:         "a dynamic reference is read as a plain one",
	CodeRefWrongKind:       "a reference leads to another kind of object than its place needs",
	CodeNoPaths:            "the document has no paths object",
	CodeNoOperations:       "the document describes no operation",
	CodePathNoSlash:        "a path does not start with a slash",
	CodePathColon:          "a variable of a path stands behind a colon, not in braces",
	CodeUnknownMethod:      "a member of a path item is no method",
	CodeWrongType:          "a value has another JSON type than its place needs",
	CodeInvalidParameter:   "a parameter without name or place",
	CodeDuplicatePath:      "two paths differ only in the names of their parameters",
	CodeSeveralBodies:      "an operation of Swagger 2.0 has more than one body",
	CodeFormMediaType:      "a form of Swagger 2.0 has a media type that no form has",
	CodeConfigSyntax:       "provider.yaml is not valid YAML",
	CodeConfigUnknown:      "provider.yaml has a key that does not exist",
	CodeConfigInvalid:      "a value in provider.yaml is missing or not allowed",
	CodeNpmMissing:         "the npm client's settings name no registry",
	CodeRegistryFailed:     "the registry did not answer as expected",
	CodeVersionMissing:     "the registry does not know the pinned version",
	CodeIntegrityMismatch:  "the archive or document is not the pinned one",
	CodeDownloadFailed:     "a document could not be downloaded from its address",
	CodeNotPinned:          "nothing says which content of a downloaded document is meant; the one found is taken",
	CodeArchiveInvalid:     "the archive is damaged, too large or unsafe",
	CodeArchiveMissing:     "the archive does not hold the named file",
	CodeInvalidFileName:    "a generated file's name is not a plain file name",
	CodeWriteFailed:        "files could not be written; the folder is as before",
	CodeHandWritten:        "a generated file would replace a hand-written one",
	CodeStale:              "a file differs from what would be generated",
	CodeMissing:            "a file would be generated and is not there",
	CodeExtra:              "a generated file is there that would not be generated",
}

// Meaning returns the one-line meaning of a code, or "".
func Meaning(code string) string { return cmp.Or(codes[code], inner[code]) }

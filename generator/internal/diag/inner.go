package diag

// inner are the codes of the stages between reading and writing, with their
// meaning. The same promise holds: a code keeps its meaning.
var inner = map[string]string{
	"schema-not-object":         "a schema is neither an object nor a boolean; any value is accepted",
	"schema-too-nested":         "a schema wraps itself too often; any value is accepted",
	"type-not-string":           "a type is not a string; it is ignored",
	"enum-value-type":           "an enum of strings holds another value; its text is taken",
	"endless-ref":               "a reference outside components leads back to itself; any value is accepted",
	"allof-cycle":               "a member of allOf contains the schema; it is left out",
	"allof-two-unions":          "allOf joins two unions; the first is kept",
	"two-unions":                "oneOf and anyOf stand side by side; oneOf is read",
	"union-of-anything":         "a variant admits any value, and so does the union",
	"anyof-merged":              "inline objects of an anyOf are one struct; what some lack is optional",
	"items-without-array":       "items without type array hold a union and are read as it",
	"undeclared-path-parameter": "a variable of the path is not declared; it is a string",
	"parameter-without-name":    "a parameter without name or place is left out",
	"response-missing":          "a response can't be read and is left out",
	"not-loadable":              "kin-openapi can't read the document",
	"not-valid":                 "kin-openapi's validation objects to something that can be emitted",
	"other-success":             "a second success has another body and is returned as an error to decode",
	"flat-unknown-operation":    "provider.yaml names an operation that the document lacks",
	"member-without-field":      "no struct tag can hold a member's name; it is left out",
	"parameter-without-field":   "no struct tag can hold a parameter's name; it is left out",
	"value-without-constant":    "an enum value can't be quoted plainly; it has no constant",
	"names-list":                "a line of the names list can't be read",
	"name-taken":                "provider.yaml asks for a name that is taken",
	"numbered-name":             "two things would have one name; a number tells them apart",
	"emit-failed":               "the Go code could not be written: a fault of grantgen",
}

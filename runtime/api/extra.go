package api

// Extra holds the members of a JSON object that the provider's document does not
// list. Types of answers embed a pointer to it, nil while there are none, so that
// a field that the provider adds is not lost before the client knows its name:
//
//	if issue.Extra != nil {
//		err := json.Unmarshal(issue.Extra.Unlisted, &added)
//	}
//
// Members come back where they were when the value is encoded with
// github.com/go-json-experiment/json. Plain encoding/json, which has no such option,
// writes them under the name Unlisted and does not read them.
type Extra struct {
	// Unlisted is a JSON object of the unlisted members.
	Unlisted RawJSON `json:",embed"`
}

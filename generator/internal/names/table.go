package names

import "strings"

// table holds the package-level names that are taken, without regard to case.
type table struct {
	owner map[string]string // lower-case name -> what it names
}

func newTable(reserved ...string) *table {
	t := &table{owner: map[string]string{}}
	for _, r := range reserved {
		t.owner[strings.ToLower(r)] = "reserved"
	}
	return t
}

// take claims the first name that is free, or was claimed by the same owner.
func (t *table) take(owner string, candidates ...string) (string, bool) {
	for _, c := range candidates {
		if c == "" {
			continue
		}
		key := strings.ToLower(c)
		if had, taken := t.owner[key]; !taken || had == owner {
			t.owner[key] = owner
			return c, true
		}
	}
	return "", false
}

func (t *table) free(name string) bool {
	_, taken := t.owner[strings.ToLower(name)]
	return name != "" && !taken
}

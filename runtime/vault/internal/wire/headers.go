package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Upper limits of a Retry-After value, in seconds.
const (
	MaxRetryAfter      = 3600
	MaxQuotaRetryAfter = 2678400
)

// RetryAfter resolves how many seconds to wait: the Retry-After header when it
// is made of digits only, else the body's retry_after when it is a whole
// number that is not negative. Values above limit become limit.
func RetryAfter(h http.Header, body ErrorBody, limit int64) (seconds int64, ok bool) {
	header, _ := Get(h, "Retry-After")
	header = strings.TrimSpace(header)
	if header != "" && onlyFrom(header, isDigit) {
		digits := strings.TrimLeft(header, "0")
		if len(digits) > 12 {
			return limit, true
		}
		n, err := strconv.ParseInt("0"+digits, 10, 64)
		return min(n, limit), err == nil
	}
	n, ok := body.Whole("retry_after")
	if !ok || n < 0 {
		return 0, false
	}
	return min(n, limit), true
}

// wholeOf reads 60 and 60.0 alike.
func wholeOf(v jsontext.Value) (int64, bool) {
	if n, ok := integerOf(v); ok {
		return n, true
	}
	if v.Kind() != '0' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(trim(v)), 64)
	if err != nil || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// RateLimit is the budget that the vault reported last.
type RateLimit struct {
	Limit     int64
	Remaining int64
	Reset     time.Time
}

const maxUnix = 253402300799 // the last second of the year 9999

// ParseRateLimit reads the budget headers of a vault answer. ok is false when
// there are none or they are malformed.
func ParseRateLimit(h http.Header, now time.Time) (r RateLimit, ok bool) {
	limit, ok1 := budgetInt(h, "X-RateLimit-Limit")
	remaining, ok2 := budgetInt(h, "X-RateLimit-Remaining")
	reset, ok3 := budgetInt(h, "X-RateLimit-Reset")
	if ok1 && ok2 && ok3 && reset <= maxUnix {
		return RateLimit{limit, remaining, time.Unix(reset, 0)}, true
	}
	policies, _ := Get(h, "RateLimit-Policy")
	limits, _ := Get(h, "RateLimit")
	quota := budgetItems(policies)
	for _, item := range budgetItems(limits) {
		for _, policy := range quota {
			if policy.name != item.name {
				continue
			}
			q, okQ := policy.params["q"]
			left, okR := item.params["r"]
			wait, okT := item.params["t"]
			if okQ && okR && okT {
				return RateLimit{q, left, time.Unix(now.Unix()+wait, 0)}, true
			}
		}
	}
	return RateLimit{}, false
}

func budgetInt(h http.Header, name string) (int64, bool) {
	s, _ := Get(h, name)
	return digits12(s)
}

func digits12(s string) (int64, bool) {
	if s == "" || !onlyFrom(s, isDigit) {
		return 0, false
	}
	if s = strings.TrimLeft(s, "0"); len(s) > 12 {
		return 0, false
	}
	n, err := strconv.ParseInt("0"+s, 10, 64)
	return n, err == nil
}

type budgetItem struct {
	name   string
	params map[string]int64
}

func budgetItems(list string) []budgetItem {
	var items []budgetItem
	for part := range strings.SplitSeq(list, ",") {
		fields := strings.Split(part, ";")
		name := strings.TrimSpace(fields[0])
		if len(name) < 3 || len(name) > 66 || name[0] != '"' || name[len(name)-1] != '"' {
			continue
		}
		if name = name[1 : len(name)-1]; !onlyFrom(name, isBudgetName) {
			continue
		}
		item := budgetItem{name, map[string]int64{}}
		for _, f := range fields[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(f), "=")
			if n, ok := digits12(value); ok {
				item.params[key] = n
			}
		}
		items = append(items, item)
	}
	return items
}

func isBudgetName(c byte) bool { return isAlnum(c) || strings.IndexByte("_.:-", c) >= 0 }

// BearerChallenge reads a WWW-Authenticate header as one Bearer challenge and
// stops at the first thing that does not fit. Any other leading scheme gives
// an empty map. Names are lower-case; of a repeated one the last counts.
func BearerChallenge(header string) map[string]string {
	params := map[string]string{}
	const scheme = "bearer "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return params
	}
	rest := header[len(scheme):]
	for {
		rest = strings.TrimLeft(rest, " \t")
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimRight(name, " \t")
		if !ok || !IsToken(name) {
			return params
		}
		value, after, ok := challengeValue(strings.TrimLeft(after, " \t"))
		if !ok {
			return params
		}
		params[strings.ToLower(name)] = value
		after = strings.TrimLeft(after, " \t")
		if rest, ok = strings.CutPrefix(after, ","); !ok {
			return params
		}
	}
}

func challengeValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], IsToken(s[:end])
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return out.String(), s[i+1:], true
		case '\\':
			if i++; i < len(s) {
				out.WriteByte(s[i])
			}
		default:
			out.WriteByte(s[i])
		}
	}
	return "", "", false
}

// ValidTraceparent reports whether s is a W3C traceparent that may be sent.
func ValidTraceparent(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return false
	}
	for _, p := range parts {
		if !onlyFrom(p, isHex) {
			return false
		}
	}
	return !strings.EqualFold(parts[0], "ff") && strings.Trim(parts[1], "0") != "" && strings.Trim(parts[2], "0") != ""
}

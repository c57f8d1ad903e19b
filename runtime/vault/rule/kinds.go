package rule

import (
	"fmt"
	"net/netip"
	"time"
)

const effectDeny = "deny"

// JSONMatch refuses the calls that When describes. At least one condition is
// needed.
//
// Where the vault hands out the token itself, any method could follow: a
// condition on the method then counts as fulfilled.
type JSONMatch struct {
	When When
}

type jsonMatchBody struct {
	When   *When  `json:"when"`
	Effect string `json:"effect"`
}

// Kind returns [KindJSONMatch].
func (*JSONMatch) Kind() Kind { return KindJSONMatch }

// Check applies the limits: 1 to 100 values a condition, each 1 to 512 characters.
func (r *JSONMatch) Check() error {
	if names, _ := r.When.Conditions(); len(names) == 0 {
		return &Error{KindJSONMatch, "when", "has no condition, so that it would refuse every call"}
	}
	return r.When.check(KindJSONMatch)
}

func (r *JSONMatch) wire() any { return jsonMatchBody{When: &r.When, Effect: effectDeny} }

func (r *JSONMatch) read(body []byte) error {
	b := jsonMatchBody{When: &r.When}
	if err := readStrict(KindJSONMatch, body, &b); err != nil {
		return err
	}
	if b.Effect != effectDeny {
		return &Error{KindJSONMatch, "effect", `is not "deny"`}
	}
	return nil
}

// IPAllowlist refuses calls that come from none of the addresses and ranges. A
// call inside the process, or over a unix socket, comes from 127.0.0.1.
type IPAllowlist struct {
	Allow []string // "192.0.2.7", "2001:db8::/32"
}

type ipAllowlistBody struct {
	Allow []string `json:"allow"`
}

// Kind returns [KindIPAllowlist].
func (*IPAllowlist) Kind() Kind { return KindIPAllowlist }

// Check applies the limits: 1 to 100 entries, each an address or a CIDR range.
func (r *IPAllowlist) Check() error {
	if err := checkTexts(KindIPAllowlist, "allow", r.Allow, 1, 100, 49); err != nil {
		return err
	}
	for i, s := range r.Allow {
		if _, err := parsePrefix(s); err != nil {
			return &Error{KindIPAllowlist, fmt.Sprintf("allow[%d]", i), "is neither an IP address nor a CIDR range"}
		}
	}
	return nil
}

// Contains reports whether an address is allowed.
func (r *IPAllowlist) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, s := range r.Allow {
		if p, err := parsePrefix(s); err == nil && p.Contains(addr) {
			return true
		}
	}
	return false
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap()
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s: a range of mapped addresses", s)
	}
	return p, err
}

func (r *IPAllowlist) wire() any { return ipAllowlistBody{r.Allow} }

func (r *IPAllowlist) read(body []byte) error {
	var b ipAllowlistBody
	err := readStrict(KindIPAllowlist, body, &b)
	r.Allow = b.Allow
	return err
}

// TimeWindow refuses calls outside working hours. At least one of the two is set.
type TimeWindow struct {
	BusinessHoursOnly bool   // 09:00 to 17:00
	WeekdaysOnly      bool   // Monday to Friday
	Timezone          string // IANA name; "" is UTC
}

type timeWindowBody struct {
	BusinessHoursOnly bool   `json:"business_hours_only,omitzero"`
	WeekdaysOnly      bool   `json:"weekdays_only,omitzero"`
	Timezone          string `json:"timezone,omitzero"`
}

// Kind returns [KindTimeWindow].
func (*TimeWindow) Kind() Kind { return KindTimeWindow }

// Check refuses a window that is always open and a time zone that is not known.
func (r *TimeWindow) Check() error {
	if !r.BusinessHoursOnly && !r.WeekdaysOnly {
		return &Error{KindTimeWindow, "", "is always open: set business_hours_only, weekdays_only or both"}
	}
	if _, err := Location(r.Timezone); err != nil {
		return &Error{KindTimeWindow, "timezone", "is no IANA time zone"}
	}
	return nil
}

func (r *TimeWindow) wire() any { return timeWindowBody(*r) }

func (r *TimeWindow) read(body []byte) error {
	var b timeWindowBody
	err := readStrict(KindTimeWindow, body, &b)
	*r = TimeWindow(b)
	return err
}

// Location returns the time zone of an IANA name; "" is UTC. Names are
// case-sensitive, and "Local" is none of them: what it means depends on the
// machine.
func Location(name string) (*time.Location, error) {
	switch name {
	case "", "UTC":
		return time.UTC, nil
	case "Local":
		return nil, fmt.Errorf("time zone %q depends on the machine", name)
	}
	return time.LoadLocation(name)
}

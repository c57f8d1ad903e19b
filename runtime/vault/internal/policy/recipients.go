package policy

import (
	"bytes"
	"encoding/base64"
	"net/mail"
	"slices"
	"strings"
)

// Members that name who gets a message, and members that name a person inside
// of one of them. Spellings are compared without case and underscores.
var (
	recipientNames = []string{"to", "cc", "bcc", "recipient", "recipients", "torecipients", "ccrecipients", "bccrecipients", "attendees", "channel", "channelid", "tophone", "phonenumber", "invitees"}
	addressNames   = []string{"email", "emailaddress", "address", "phone", "phonenumber", "id"}
)

func fits(names []string, name string) bool {
	return slices.Contains(names, strings.ReplaceAll(strings.ToLower(name), "_", ""))
}

// recipients collects who a message goes to: members of the body at any depth,
// form fields, query parameters, and the headers of a mail that is in the body
// or in a member "raw".
func (x *explained) recipients() Value {
	var v Value
	if x.mail != nil {
		v.addMail(x.mail)
	}
	for _, values := range []map[string][]string{x.query, x.form} {
		for key, list := range values {
			if fits(recipientNames, bracketed(key)) {
				for _, s := range list {
					v.addAddresses(s)
				}
			}
		}
	}
	slices.Sort(v.Items)
	v.walk(x.json)
	return v
}

func (v *Value) walk(x any) {
	switch x := x.(type) {
	case map[string]any:
		for name, inner := range x {
			text, isText := inner.(string)
			switch {
			case fits(recipientNames, name):
				v.addPeople(inner)
			case isText && strings.EqualFold(name, "raw"):
				v.addEncodedMail(text)
			default:
				v.walk(inner)
			}
		}
	case []any:
		for _, item := range x {
			v.walk(item)
		}
	}
}

// addPeople takes the texts of a member that names recipients, and of the
// objects in it those that hold an address.
func (v *Value) addPeople(x any) {
	switch x := x.(type) {
	case string:
		v.addAddresses(x)
	case []any:
		for _, item := range x {
			v.addPeople(item)
		}
	case map[string]any:
		found := false
		for name, inner := range x {
			if fits(addressNames, name) {
				found = true
				v.addPeople(inner)
			}
		}
		if !found {
			v.Unreadable = true
		}
	case nil:
	default:
		v.add(x)
	}
}

// addAddresses takes a text as it is, or each address of a list of addresses.
func (v *Value) addAddresses(s string) {
	list, err := mail.ParseAddressList(s)
	if err != nil {
		v.Items = append(v.Items, s)
		return
	}
	for _, a := range list {
		v.Items = append(v.Items, a.Address)
	}
}

func (v *Value) addEncodedMail(text string) {
	text = strings.TrimRight(strings.NewReplacer("\r", "", "\n", "", "-", "+", "_", "/").Replace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		v.Unreadable = true
		return
	}
	v.addMail(raw)
}

func (v *Value) addMail(raw []byte) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		v.Unreadable = true
		return
	}
	for _, name := range []string{"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"} {
		for _, line := range m.Header[name] {
			list, err := mail.ParseAddressList(line)
			if err != nil {
				v.Unreadable = true
				return
			}
			for _, a := range list {
				v.Items = append(v.Items, a.Address)
			}
		}
	}
}

package spelling

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// escaped lists the JSON spellings of encoders that escape more than they must:
// everything, or all but letters and digits; with either case of hex digits.
func escaped(secret string) []string {
	var out []string
	for _, format := range []string{`\u%04x`, `\u%04X`} {
		var all, odd strings.Builder
		for _, u := range utf16.Encode([]rune(secret)) {
			fmt.Fprintf(&all, format, u)
			if u < 0x80 && (u >= '0' && u <= '9' || u|0x20 >= 'a' && u|0x20 <= 'z') {
				odd.WriteByte(byte(u))
			} else {
				fmt.Fprintf(&odd, format, u)
			}
		}
		out = append(out, all.String(), odd.String())
	}
	return out
}

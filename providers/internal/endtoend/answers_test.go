package endtoend_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

const jsonType = "application/json; charset=utf-8"

// reply answers with a status, a content type, a body and further headers.
func reply(status int, contentType, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// rawReply writes bytes to the connection and closes it.
func rawReply(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, text)
	}
}

// short promises more bytes than it sends.
func short(status int, contentType, body string) http.HandlerFunc {
	return rawReply(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, contentType, len(body)+100, body))
}

// cutChunk ends a chunked body in the middle of a chunk.
func cutChunk(status int, contentType, body string) http.HandlerFunc {
	return rawReply(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", status, contentType, len(body)+100, body))
}

// repository and conversation are answers with one member replaced or, when the
// value is "", left out.
func repository(member, value string) string {
	return object([][2]string{
		{"id", "7"}, {"name", `"site"`}, {"full_name", `"acme/site"`}, {"html_url", `"https://github.com/acme/site"`},
		{"size", "12"}, {"merge_commit_message", `"PR_BODY"`}, {"private", "false"},
	}, member, value)
}

func conversation(member, value string) string {
	return `{"ok":true,"channel":` + object([][2]string{
		{"id", `"C1"`}, {"name", `"lamp"`}, {"created", "1700000000"}, {"is_org_shared", "false"},
	}, member, value) + `}`
}

func object(members [][2]string, member, value string) string {
	var parts []string
	found := false
	for _, m := range members {
		if m[0] == member {
			found, m[1] = true, value
		}
		if m[1] != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", m[0], m[1]))
		}
	}
	if !found && value != "" {
		parts = append(parts, fmt.Sprintf("%q:%s", member, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

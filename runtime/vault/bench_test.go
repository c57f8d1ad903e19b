package vault

import (
	"io"
	"strings"
	"testing"
)

func BenchmarkScrub150KB(b *testing.B) {
	text := strings.Repeat(`{"id":1296269,"node_id":"MDEwOlJlcG9zaXRvcnkxMjk2MjY5","name":"Hello-World","full_name":"octocat/Hello-World","private":false,"html_url":"https://github.com/octocat/Hello-World"},`, 850)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		m := newMasker("test-secret-4f9d8e7c6b5a43210fedcba9876543210abcd")
		_, _ = io.Copy(io.Discard, newScrubber(strings.NewReader(text), io.NopCloser(nil), m, func() {}))
	}
}

package local

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

const opOrder = `{"id":"orders/add","method":"POST","path":"/orders/{shop}","access":"write","params":[
{"name":"shop","in":"path","required":true,"schema":{"type":"string"}},{"name":"filter","in":"query","style":"deep","schema":{"type":"object"}},
{"name":"dry","in":"query","schema":{"type":"boolean"}},{"name":"version","in":"query","required":true,"schema":{"type":"string","format":"date"}}],
"body":{"media":"application/json","required":true,"schema":{"type":"object","required":["amount","to"],"properties":{
"amount":{"type":"integer"},"state":{"type":"string","enum":["open","closed"]},"to":{"type":"object","required":["mail"],"additionalProperties":false,"properties":{"mail":{"type":["string","null"]},"name":{"type":"string"}}},
"lines":{"type":"array","items":{"anyOf":[{"type":"object","properties":{"sku":{"type":"string"}}},{"type":"object","properties":{"note":{"type":"string"}}}]}},
"tags":{"type":"array","items":{"type":"string"}},"labels":{"type":"object","additionalProperties":{"type":"string"}}}}}}`

// fieldLines shows a request as the operator sees it, one field a line.
func fieldLines(t *testing.T, v *Vault, r *heldRequest) string {
	t.Helper()
	_, fields := v.requestFields(r)
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s %s = %s (%s)\n", f.Place, f.Name, strings.Join(strings.Fields(f.Value), " "), f.Note())
	}
	return b.String()
}

// TestRequestInItsTerms: with a table the request stands in the operation's terms:
// what each field is, what is missing, what nobody asked for. Nothing is left out.
func TestRequestInItsTerms(t *testing.T) {
	v, err := Open("", InMemory(), WithOperationTable(tableText(t, "shop", "https://shop.example", opOrder, opUser)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	r := &heldRequest{
		Method: "POST", URL: "https://shop.example/orders/a%20b?filter[name]=x&admin=1", Query: jsontext.Value(`{"dry":true}`), ContentType: "application/json",
		Body: jsontext.Value(`{"amount":5,"state":"open","to":{"name":"N","bcc":"eve@example.com"},"lines":[{"sku":"s","note":"n"},7],"tags":["a"],"labels":{"x":"y"},"owner":{"id":1}}`),
	}
	const want = `method  = POST ()
url  = https://shop.example/orders/a%20b?filter[name]=x&admin=1 ()
path shop = a b (string, required)
query admin = 1 (the operation has nothing of this name)
query filter[name] = x (object)
query dry = true (boolean)
query version =  (required (string (date)), and missing)
header Content-Type = application/json ()
body amount = 5 (integer, required)
body labels = { "x": "y" } (object)
body lines[0].note = n (string)
body lines[0].sku = s (string)
body lines[1] = 7 (object)
body owner = { "id": 1 } (the operation has nothing of this name)
body state = open (open, closed)
body tags = [ "a" ] (list of string)
body to.bcc = eve@example.com (the operation has nothing of this name)
body to.name = N (string)
body to.mail =  (required (string), and missing)
`
	if diff := cmp.Diff(want, fieldLines(t, v, r)); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct{ method, body, want string }{
		"no body":      {"POST", "", "body  =  (required (application/json), and missing)"},
		"one too many": {"GET", `{"a":1}`, "body a = 1 (the operation has nothing of this name)"},
		"no object":    {"POST", `[1]`, "body  = [ 1 ] (object, required)"},
		"twice":        {"POST", `{"amount":1,"amount":2}`, `body  = { "amount": 1, "amount": 2 } (object, required)`},
		"deep":         {"POST", strings.Repeat(`{"to":`, 40) + "1" + strings.Repeat("}", 40), "body to.to = { \"to\""},
	} {
		r := &heldRequest{Method: c.method, URL: "https://shop.example/orders/a?version=1", ContentType: "application/json"}
		if c.method == "GET" {
			r.URL = "https://shop.example/user"
		}
		if c.body != "" {
			r.Body = jsontext.Value(c.body)
		}
		if got := fieldLines(t, v, r); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q is not in\n%s", name, c.want, got)
		}
	}
}

// TestRequestWithout: what a call does not have is not shown, missing or null, and
// is nothing either to the rules that decide the stored call again.
func TestRequestWithout(t *testing.T) {
	v, err := Open("", InMemory())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	plain, err := json.Marshal(newHeldRequest(&request{http: httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)},
		&callSpec{method: "DELETE", url: "https://shop.example/orders/a", content: &content{}}, &permit{}, v.now()))
	if err != nil {
		t.Fatal(err)
	}
	var r heldRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		t.Fatal(err)
	}
	if r.Query != nil || r.Body != nil {
		t.Errorf("query %s, body %s", r.Query, r.Body)
	}
	if got := fieldLines(t, v, &r); got != "method  = DELETE ()\nurl  = https://shop.example/orders/a ()\n" {
		t.Error(got)
	}
}

package wiretest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

type runner struct {
	cfg    Config
	doc    *plain.Document
	byID   map[string]*plain.Operation // operations whose ID is theirs alone
	routes map[string]*plain.Operation // by method and path
	filter *filter
	record *recorder
	client any
	report Report
	used   map[string]bool // keys of Skip, and places in Ignore, that applied
	driven map[string]bool // routes
}

func newRunner(cfg Config) (*runner, error) {
	if cfg.Modes == nil {
		cfg.Modes = Modes()
	}
	if cfg.Context == nil {
		cfg.Context = context.Background()
	}
	spec, err := surfaced(cfg.Spec, cfg.Surface)
	if err != nil {
		return nil, err
	}
	doc, err := plain.Parse(spec)
	if err != nil {
		return nil, err
	}
	operations, err := doc.Operations()
	if err != nil {
		return nil, err
	}
	r := &runner{cfg: cfg, doc: doc, record: &recorder{answer: cfg.Answer}, used: map[string]bool{}, driven: map[string]bool{}}
	r.index(operations)
	if r.filter, err = newFilter(doc, cfg.Credentials); err != nil {
		return nil, err
	}
	transport := http.RoundTripper(r.record)
	if cfg.Transport != nil {
		transport = cfg.Transport(r.record)
	}
	r.client = cfg.New(&http.Client{Transport: transport})
	return r, nil
}

// index prepares the operations and makes them known by ID and by route. Some
// documents give no ID, or one to several operations.
func (r *runner) index(operations []*plain.Operation) {
	r.byID, r.routes = map[string]*plain.Operation{}, map[string]*plain.Operation{}
	count := map[string]int{}
	for _, op := range operations {
		op.Strip(r.cfg.Credentials)
		if r.cfg.Base != "" && !op.Own {
			op.Base = r.cfg.Base
		}
		r.routes[op.Method+" "+op.Path] = op
		r.byID[op.ID] = op
		count[op.ID]++
	}
	maps.DeleteFunc(r.byID, func(id string, _ *plain.Operation) bool { return id == "" || count[id] > 1 })
}

// documented finds the operation that a descriptor is about.
func (r *runner) documented(desc *api.Operation) (*plain.Operation, bool) {
	if op, ok := r.byID[desc.ID]; ok {
		return op, true
	}
	op, ok := r.routes[desc.Method+" "+desc.Path]
	return op, ok
}

func (r *runner) faultf(op, mode, judge, format string, args ...any) {
	r.report.Faults = append(r.report.Faults, Fault{op, mode, judge, fmt.Sprintf(format, args...)})
}

// reason tells whether key is listed, and remembers that it was needed.
func (r *runner) reason(list map[string]string, key string) bool {
	if _, ok := list[key]; !ok {
		return false
	}
	r.used[key] = true
	return true
}

func (r *runner) operation(desc *api.Operation) {
	op, ok := r.documented(desc)
	if !ok {
		r.faultf(desc.ID, "", "config", "the document has no such operation")
		return
	}
	if r.driven[op.Method+" "+op.Path] {
		r.faultf(desc.ID, "", "config", "is described twice")
		return
	}
	r.driven[op.Method+" "+op.Path] = true
	op.ID = desc.ID
	if desc.Method != op.Method || desc.Path != op.Sent() {
		r.faultf(desc.ID, "", "config", "the descriptor says %s %s, the document %s %s", desc.Method, desc.Path, op.Method, op.Path)
	}
	if r.reason(r.cfg.Skip, desc.ID) {
		r.report.Skipped++
		return
	}
	r.report.Operations++
	for _, mode := range r.cfg.Modes {
		if r.reason(r.cfg.Skip, desc.ID+" "+mode.String()) {
			r.report.Skipped++
			continue
		}
		r.call(desc, op, mode)
	}
}

// call makes the values of one mode, calls the method and judges the request.
func (r *runner) call(desc *api.Operation, op *plain.Operation, mode plain.Mode) {
	method, err := find(subject.Client(r.client, desc), desc.Service, desc.Name)
	if err != nil {
		r.faultf(op.ID, mode.String(), "drive", "%v", err)
		return
	}
	want, err := r.expect(desc, op, mode, absentBody(method.Type()) && !r.cfg.Bodies)
	if err != nil {
		r.faultf(op.ID, mode.String(), "drive", "no value: %v", err)
		return
	}
	r.record.reset()
	if err := invoke(r.cfg.Context, method, want, r.cfg.Options); err != nil {
		r.faultf(op.ID, mode.String(), "drive", "%v", err)
	}
	r.judge(op, mode, want)
	if all, err := find(subject.Client(r.client, desc), desc.Service, desc.Name+"All"); err == nil && desc.Paging.Kind != api.PagingNone {
		r.record.reset()
		if err := iterate(r.cfg.Context, all, want, r.cfg.Options); err != nil {
			r.faultf(op.ID, mode.String(), "drive", "iterator: %v", err)
		}
		r.judge(op, mode, firstPage(desc.Paging, want))
		r.report.Iterators++
		if !r.cfg.FirstPage && r.cfg.Answer == nil {
			r.secondPage(desc, op, all, want)
		}
	} else if desc.Paging.Kind != api.PagingNone {
		r.faultf(op.ID, mode.String(), "drive", "pages, but has no iterator: %v", err)
	}
}

// firstPage is what the first request of a walk holds: what the caller gave, and
// where the operation says so, the number of the first page.
func firstPage(p api.Paging, want plain.Expect) plain.Expect {
	if !p.Explicit || p.InBody {
		return want
	}
	first := p.First
	want.Values = slices.Clone(want.Values)
	for i, v := range want.Values {
		if v.Param.In != inQuery || v.Param.Name != p.Param {
			continue
		}
		if n, err := strconv.ParseInt(fmt.Sprint(v.JSON), 10, 64); err == nil {
			first = max(first, n)
		}
		want.Values = slices.Delete(want.Values, i, i+1)
		break
	}
	for _, param := range want.Operation.Params {
		if param.In == inQuery && param.Name == p.Param {
			want.Values = append(want.Values, plain.Value{Param: param, JSON: json.Number(strconv.FormatInt(first, 10))})
		}
	}
	return want
}

const inQuery = "query"

func (r *runner) judge(op *plain.Operation, mode plain.Mode, want plain.Expect) {
	seen := r.record.take()
	if len(seen) != 1 {
		r.faultf(op.ID, mode.String(), "drive", "%d requests were sent, not one", len(seen))
		return
	}
	r.report.Requests++
	found, faults := plain.Judge(want, seen[0])
	r.report.Params += found.Params
	r.report.Members += found.Members
	for _, f := range faults {
		r.verdict(op.ID, mode, "plain", f.String())
	}
	for _, reason := range r.filter.check(want, seen[0]) {
		r.verdict(op.ID, mode, "filter", reason)
	}
	if r.cfg.Judge == nil {
		return
	}
	if err := r.cfg.Judge(op, seen[0]); err != nil {
		r.verdict(op.ID, mode, "own", err.Error())
	}
}

// verdict is a fault unless a listed reason covers it.
func (r *runner) verdict(op string, mode plain.Mode, judge, reason string) {
	for i, e := range r.cfg.Ignore {
		if (e.Operation == "" || e.Operation == op) && e.Judge == judge && strings.Contains(reason, e.Contains) {
			r.used[ignored(i)] = true
			return
		}
	}
	r.faultf(op, mode.String(), judge, "%s", reason)
}

func ignored(i int) string { return fmt.Sprintf("ignore %d", i) }

// coverage reports operations of the document that the package lacks, and
// reasons that nothing needed.
func (r *runner) coverage() {
	for _, route := range slices.Sorted(maps.Keys(r.routes)) {
		if !r.driven[route] {
			r.faultf(route, "", "config", "the package has no such operation")
		}
	}
	if r.cfg.Partial {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.cfg.Skip)) {
		if !r.used[key] {
			id, _, _ := strings.Cut(key, " ")
			r.faultf(id, "", "config", "the reason listed under %q is not needed", key)
		}
	}
	all := len(r.cfg.Modes) >= len(Modes()) // what no mode here needs, another may
	for i, e := range r.cfg.Ignore {
		if all && !r.used[ignored(i)] {
			r.faultf(e.Operation, "", "config", "the exception for %s %q is not needed", e.Judge, e.Contains)
		}
	}
}

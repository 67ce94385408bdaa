package action

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"matou/cloud"
	"matou/cloud/leaktest"
	"matou/steps"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// heard is what an action said.
type heard struct {
	mu      sync.Mutex
	lines   []string
	status  []steps.Phrase
	secrets []string
	asked   []steps.Question
	answers map[steps.QuestionKind]string // nobody answers the others
}

func (h *heard) Line(source, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, source+": "+text)
}

func (h *heard) Status(doing steps.Phrase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = append(h.status, doing)
}

func (h *heard) Secret(value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets = append(h.secrets, value)
}

func (h *heard) Ask(_ context.Context, q steps.Question) (steps.Answer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, q)
	if text, ok := h.answers[q.Kind]; ok {
		return steps.Answer{OK: text != "", Text: text}, nil
	}
	return steps.Answer{}, steps.Failf(steps.FailNobody, "nobody is there")
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// nova is a cloud in memory. A server it boots is ACTIVE once it is waited for, unless its fate says
// otherwise.
type nova struct {
	mu       sync.Mutex
	servers  []cloud.Server
	hidden   map[string]time.Time // server -> when listings begin to show it
	fate     map[string]error     // server's name -> what waiting for it ends with
	bootErr  error                // Boot makes the servers, and answers this
	markErr  error
	consoles map[string]string
	calls    []string
	waiting  func(id string) // told before a wait ends
}

func (n *nova) log(format string, args ...any) {
	n.calls = append(n.calls, fmt.Sprintf(format, args...))
}

func (n *nova) Identity() cloud.Identity {
	return cloud.Identity{User: "student", Project: "camp", Region: "here", AuthURL: "http://keystone", Expires: time.Date(2026, 3, 10, 22, 0, 0, 0, time.UTC)}
}

func (n *nova) Servers(context.Context) ([]cloud.Server, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("list")
	var seen []cloud.Server
	for _, s := range n.servers {
		if !time.Now().Before(n.hidden[s.ID]) {
			s.Fault = nil // as in Nova's listings
			seen = append(seen, s)
		}
	}
	return seen, nil
}

func (n *nova) find(id string) *cloud.Server {
	for i := range n.servers {
		if n.servers[i].ID == id {
			return &n.servers[i]
		}
	}
	return nil
}

func (n *nova) Server(_ context.Context, id string) (cloud.Server, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.find(id); s != nil {
		return *s, nil
	}
	return cloud.Server{}, fmt.Errorf("show server %s: %w", id, cloud.ErrNotFound)
}

func (n *nova) Boot(_ context.Context, spec cloud.ServerSpec) ([]cloud.Server, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("boot %s x%d", spec.Name, spec.Count)
	var made []cloud.Server
	for i := range max(1, spec.Count) {
		name := spec.Name
		if spec.Count > 1 {
			name = fmt.Sprintf("%s-%d", spec.Name, i+1)
		}
		s := cloud.Server{ID: fmt.Sprintf("id-%d", len(n.servers)+1), Name: name, Status: cloud.StatusBuild, TaskState: "spawning", Metadata: spec.Metadata}
		n.servers = append(n.servers, s)
		made = append(made, s)
	}
	if n.bootErr != nil {
		return nil, n.bootErr
	}
	return made, nil
}

func (n *nova) Wait(ctx context.Context, id string, seen func(cloud.Server)) (cloud.Server, error) {
	n.mu.Lock()
	waiting := n.waiting
	n.mu.Unlock()
	if waiting != nil {
		waiting(id)
	}
	if err := ctx.Err(); err != nil {
		return cloud.Server{}, err
	}
	n.mu.Lock()
	s := n.find(id)
	if s == nil {
		n.mu.Unlock()
		return cloud.Server{}, fmt.Errorf("wait for %s: %w", id, cloud.ErrVanished)
	}
	before, err := *s, n.fate[s.Name]
	if s.TaskState = ""; err != nil {
		s.Status, s.Fault = cloud.StatusError, &cloud.Fault{Message: err.Error()}
	} else {
		s.Status = cloud.StatusActive
		var number byte
		_, _ = fmt.Sscanf(id, "id-%d", &number)
		s.Addresses = []cloud.Address{{Network: "net", Type: "fixed", IP: netip.AddrFrom4([4]byte{10, 0, 0, number})}}
	}
	after := *s
	n.mu.Unlock()
	for _, s := range []cloud.Server{before, before, after} {
		seen(s)
	}
	return after, err
}

func (n *nova) Delete(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("delete %s", id)
	if s := n.find(id); s != nil {
		s.TaskState = "deleting"
	}
	return nil
}

func (n *nova) WaitGone(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers = slices.DeleteFunc(slices.Clone(n.servers), func(s cloud.Server) bool { return s.ID == id })
	return nil
}

func (n *nova) ConsoleLog(_ context.Context, id string, _ int) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("console %s", id)
	text, ok := n.consoles[id]
	if !ok {
		return "", fmt.Errorf("console of %s: %w", id, cloud.ErrNotFound)
	}
	return text, nil
}

func (n *nova) Mark(_ context.Context, id string, metadata map[string]string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("mark %s", id)
	s := n.find(id)
	switch {
	case s == nil:
		return fmt.Errorf("mark server %s: %w", id, cloud.ErrNotFound)
	case s.Status == cloud.StatusBuild || s.Status == cloud.StatusError:
		return fmt.Errorf("mark server %s: %w", id, cloud.ErrConflict)
	case n.markErr != nil:
		return n.markErr
	}
	s.Metadata = maps.Clone(s.Metadata)
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	maps.Copy(s.Metadata, metadata)
	return nil
}

func (n *nova) Unmark(_ context.Context, id string, keys ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log("unmark %s", id)
	if s := n.find(id); s != nil {
		s.Metadata = maps.Clone(s.Metadata)
		for _, key := range keys {
			delete(s.Metadata, key)
		}
	}
	return nil
}

func (n *nova) ids() (ids []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.servers {
		ids = append(ids, s.ID)
	}
	return ids
}

func (n *nova) called(prefix string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.calls {
		if strings.HasPrefix(c, prefix) {
			count++
		}
	}
	return count
}

// stand is a registry on fakes, and what it takes to run one action.
type stand struct {
	*testing.T
	nova  *nova
	hosts *hosts
	deps  Deps
	reg   *Registry
	w     *steps.Workshop
	in    steps.Input
	out   *heard
}

func newStand(t *testing.T, change ...func(*stand)) *stand {
	t.Helper()
	s := &stand{T: t, nova: &nova{hidden: map[string]time.Time{}, fate: map[string]error{}, consoles: map[string]string{}}, out: &heard{}}
	s.hosts = &hosts{byName: map[string]*host{}}
	for _, name := range []string{"jump", "box"} {
		s.hosts.byName[name] = &host{name: name, files: map[string]string{}, replies: map[string][]reply{}}
	}
	s.w = &steps.Workshop{
		Name: "course", Cloud: steps.CloudSource{Hop: "jump", OpenRC: "/home/${user}/openrc"},
		Hops: []steps.Hop{
			{Name: "jump", User: "${user}", Host: "jump.example", Port: "22", Password: "${word}"},
			{Name: "box", Via: "jump", User: "root", Host: "${box.address}", Port: "2222", Server: "${box.id}"},
		},
		Steps: []steps.Step{{ID: "boot"}},
		Files: fstest.MapFS{
			"data/web.yaml": {Data: []byte("#cloud-config\nruncmd:\n  # - echo \"1.2.3.4 puppet\" >>/etc/hosts\n  # - puppet agent -t\n  - end\n")},
		},
	}
	s.deps = Deps{
		Hosts: s.hosts, DataDir: t.TempDir(), Retry: time.Second,
		Login: func(context.Context, steps.Output, func(context.Context) ([]byte, string, error), Dial) (Compute, error) {
			return s.nova, nil
		},
	}
	s.in = steps.Input{
		Workshop: s.w, Seat: "07", Step: "boot", Run: "run1", Phase: steps.PhaseAction,
		Vars: steps.Vars{"user": "me", "word": "moutarde", "box.address": "10.0.0.9", "box.id": "id-9"},
	}
	for _, c := range change {
		c(s)
	}
	s.reg = New(s.deps)
	return s
}

// texts makes fields of texts.
func texts(pairs ...string) map[string]steps.Value {
	with := map[string]steps.Value{}
	for i := 0; i < len(pairs); i += 2 {
		with[pairs[i]] = steps.Value{Text: pairs[i+1]}
	}
	return with
}

func (s *stand) run(kind string, with map[string]steps.Value) (steps.Result, error) {
	return s.runIn(s.Context(), kind, with)
}

func (s *stand) runIn(ctx context.Context, kind string, with map[string]steps.Value) (steps.Result, error) {
	in := s.in
	in.Action = steps.Action{Name: kind, Kind: kind, With: with}
	return s.reg.Execute(ctx, in, s.out)
}

// good runs an action that must work.
func (s *stand) good(kind string, with map[string]steps.Value) steps.Result {
	s.Helper()
	r, err := s.run(kind, with)
	if err != nil {
		s.Fatalf("%s: %v\n%s", kind, err, s.out.text())
	}
	return r
}

// bad runs an action that must fail with a kind, and gives what it says.
func (s *stand) bad(kind string, with map[string]steps.Value, want string) string {
	s.Helper()
	_, err := s.run(kind, with)
	if got := failure(err); got != want {
		s.Errorf("%s: %v is of kind %q, want %q", kind, err, got, want)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// failure is the kind of an error's Failure.
func failure(err error) string {
	var f *steps.Failure
	if errors.As(err, &f) {
		return f.Kind
	}
	return fmt.Sprintf("%T", err)
}

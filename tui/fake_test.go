package tui_test

import (
	"context"
	"io"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"matou/assets"
	"matou/cloud"
	"matou/cloud/leaktest"
	"matou/slides"
	"matou/steps"
	"matou/tui"
	"matou/tui/i18n"
	"matou/tui/pane"
	"matou/tui/theme"
	"matou/tui/tuitest"
)

// decks are parsed and coloured once, outside the tests' bubbles: the clock of the highlighter's
// regular expressions lives on for a while after it was used.
var decks = map[string]*slides.Deck{}

func TestMain(m *testing.M) {
	for _, lang := range []string{"fr", "en"} {
		src, err := os.ReadFile("testdata/deck." + lang + ".md")
		if err != nil {
			panic(err)
		}
		decks[lang] = slides.Parse("deck."+lang+".md", src)
		for _, s := range decks[lang].Slides {
			s.Render(decks[lang], slides.Options{Width: 80, Theme: slides.Dark(), Stop: -1})
		}
	}
	leaktest.Main(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// session is an engine whose doings the test decides.
type session struct {
	w *steps.Workshop

	mu       sync.Mutex
	state    steps.State
	vars     steps.Vars
	commands []steps.Command
	refuse   error
	batches  chan steps.Batch
}

func (s *session) Do(_ context.Context, c steps.Command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, c)
	return s.refuse
}

// did takes what was asked for since the last time.
func (s *session) did() []steps.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.commands
	s.commands = nil
	return c
}

func (s *session) Feed(int) *steps.Feed      { return nil }
func (s *session) Workshop() *steps.Workshop { return s.w }
func (s *session) Vars() steps.Vars          { return s.vars }
func (s *session) State() steps.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *session) CommandLine(id steps.ID, phase steps.Phase, index int) string {
	step, _ := s.w.Step(id)
	list := step.Actions
	if phase == steps.PhaseCheck {
		list = step.Checks
	}
	if index >= len(list) {
		return ""
	}
	return steps.Sketch(list[index].Command, s.vars)
}

// Next is the feed's end of the session.
func (s *session) Next(ctx context.Context) (steps.Batch, error) {
	select {
	case b, ok := <-s.batches:
		if !ok {
			return steps.Batch{}, io.EOF
		}
		return b, nil
	case <-ctx.Done():
		return steps.Batch{}, ctx.Err()
	}
}

func workshop() *steps.Workshop {
	both := func(fr, en string) steps.Text { return steps.Text{"fr": fr, "en": en} }
	action := func(command string, with map[string]steps.Value) []steps.Action {
		return []steps.Action{{Name: "a", Kind: "ssh.run", Command: command, With: with}}
	}
	on := func(hop string) map[string]steps.Value { return map[string]steps.Value{"hop": {Text: hop}} }
	return &steps.Workshop{
		Name: "cats", Title: both("Un nuage de chats", "A cloud of cats"), Languages: []string{"fr", "en"},
		Slides:       []steps.ID{"title", "enter", "boot", "puppet", "victory"},
		Hops:         []steps.Hop{{Name: "jump", User: "chat"}, {Name: "web", Via: "jump", User: "root"}},
		Placeholders: map[string]string{"22XX": "${port}", "web-XXX": "web-${seat}"},
		Steps: []steps.Step{
			{
				ID: "jump", Title: both("Entrer par le rebond", "Enter by the jump host"), Slides: []steps.ID{"enter"}, Expect: 5 * time.Second,
				Actions: action("ssh chat@rebond.example -p ${port}", on("jump")), Checks: action("whoami", on("jump")),
			},
			{
				ID: "list", Title: both("Lister les serveurs", "List the servers"), Slides: []steps.ID{"enter"}, Needs: []steps.ID{"jump"},
				Actions: action("nova list", nil), Checks: action("nova list", nil),
			},
			{
				ID: "boot", Title: both("Démarrer le serveur", "Boot the server"), Slides: []steps.ID{"boot"}, Needs: []steps.ID{"list"}, Expect: 40 * time.Second,
				Actions: action("nova boot --image 'Debian 12' --flavor 'vps-ssd-1' --user-data web.yaml web-${seat}", nil),
				Checks:  action("nova show web-${seat}", nil), Undo: action("nova delete web-${seat}", nil),
			},
			{
				ID: "puppet", Title: both("Configurer avec Puppet", "Configure with Puppet"), Slides: []steps.ID{"puppet"}, Needs: []steps.ID{"boot"}, Expect: time.Minute,
				Actions: action("puppet agent -t -v", on("web")), Checks: action("curl -s http://web", on("web")),
				Confirm: both("On lance l'agent pour de bon ?", "Run the agent for real?"),
			},
			{
				ID: "victory", Title: both("Victoire", "Victory"), Slides: []steps.ID{"victory"}, Needs: []steps.ID{"puppet"}, Victory: true,
				Checks: action("curl -s http://web", on("web")),
			},
		},
	}
}

// fixture is a console with a session the test decides about.
type fixture struct {
	*session
	*tuitest.Driver
	t     *testing.T
	model *tui.Model
}

// newSession is an engine at the very start of the workshop.
func newSession() *session {
	return &session{
		w: workshop(), batches: make(chan steps.Batch, 16), vars: steps.Vars{"seat": "07", "port": "2207"},
		state: steps.State{Workshop: "cats", Seat: "07", Steps: map[steps.ID]steps.StepState{
			"jump": {Status: steps.Ready}, "list": {Status: steps.Pending}, "boot": {Status: steps.Pending},
			"puppet": {Status: steps.Pending}, "victory": {Status: steps.Pending},
		}},
	}
}

type change func(*testing.T, *tui.Options)

// with changes the options alone.
func with(f func(*tui.Options)) change { return func(_ *testing.T, o *tui.Options) { f(o) } }

// withServer is withServers for a list of changes made before the test's bubble.
func withServer(make func() cloud.Server) change {
	return func(t *testing.T, o *tui.Options) { withServers(t, make())(t, o) }
}

func start(t *testing.T, width, height int, changes ...change) *fixture {
	t.Helper()
	s := newSession()
	o := tui.Options{
		Cloud: "cloud ovh", Sandbox: true, Seat: "07", Lang: "fr", Theme: "dark", Feed: s,
		Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks, Suspend: noProgram{},
	}
	for _, c := range changes {
		c(t, &o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	model := tui.New(ctx, s, o)
	return &fixture{s, tuitest.New(t, model, width, height), t, model}
}

func texts(t testing.TB) *i18n.Catalog {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func themes(t testing.TB) theme.Set {
	t.Helper()
	s, err := theme.Load(assets.Themes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cats(t testing.TB) pane.Cats {
	t.Helper()
	c, err := pane.LoadCats(assets.Cats())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// set changes a step's state and tells the console, with what happened.
func (f *fixture) set(id steps.ID, st steps.StepState, events ...steps.Event) {
	f.t.Helper()
	f.mu.Lock()
	next := map[steps.ID]steps.StepState{}
	for k, v := range f.state.Steps {
		next[k] = v
	}
	next[id] = st
	for _, step := range f.w.Steps {
		if s := next[step.ID]; s.Status == steps.Pending {
			s.Status = steps.Ready
			for _, need := range step.Needs {
				if next[need].Status != steps.Done {
					s.Status = steps.Pending
				}
			}
			next[step.ID] = s
		}
	}
	f.state.Steps = next
	f.mu.Unlock()
	f.tell(steps.Batch{Events: events})
}

// tell gives the console a batch, with the state as it is.
func (f *fixture) tell(b steps.Batch) {
	f.t.Helper()
	b.State = f.State()
	f.batches <- b
	wait := 50 * time.Millisecond
	if len(b.Lines) > 0 {
		wait = 250 * time.Millisecond // longer than the console leaves a log alone
	}
	f.Wait(wait)
}

// finish marks steps as done.
func (f *fixture) finish(ids ...steps.ID) {
	f.t.Helper()
	for i, id := range ids {
		f.set(id, steps.StepState{Status: steps.Done, Attempt: 1, Took: time.Duration(i+2) * 1700 * time.Millisecond},
			steps.Event{Type: steps.StepDone, Step: id})
	}
}

// lister is a cloud with the servers the test put there.
type lister struct {
	mu      sync.Mutex
	servers []cloud.Server
}

func (l *lister) Servers(context.Context) ([]cloud.Server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]cloud.Server(nil), l.servers...), nil
}

// now makes these the servers of the cloud.
func (l *lister) now(servers ...cloud.Server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers = servers
}

func withServers(t *testing.T, servers ...cloud.Server) change {
	return withCloud(t, &lister{servers: servers})
}

func withCloud(t *testing.T, l *lister) change {
	return func(_ *testing.T, o *tui.Options) {
		p := cloud.NewPoller(l)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-done })
		o.Servers = p
	}
}

func server(name string, status cloud.Status, task, address string, age time.Duration, meta map[string]string) cloud.Server {
	s := cloud.Server{
		ID: "5e6f1ff1-d672-47c8-b6ad-8dd0ae41" + name[:1] + "1fa", Name: name, Status: status, TaskState: task, PowerState: "Running",
		Metadata: meta, Created: time.Now().Add(-age), Flavor: cloud.Ref{Name: "vps-ssd-1"}, Image: cloud.Ref{Name: "Debian 12"},
	}
	if address != "" {
		s.Addresses = []cloud.Address{{Network: "Ext-Net", IP: netip.MustParseAddr(address), Type: "fixed"}}
	}
	return s
}

var mine = map[string]string{cloud.MetaSeat: "07", cloud.MetaWorkshop: "cats"}

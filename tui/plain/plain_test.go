package plain_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"matou/assets"
	"matou/cloud"
	"matou/cloud/leaktest"
	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/plain"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// worker runs actions that take a second each; the first asks, and Puppet fails the first time.
type worker struct {
	mu     sync.Mutex
	failed bool
	slow   time.Duration
	asks   []steps.Question
	said   []string // the answers' texts

	deck    string         // shown in place of the others' one
	looksAt *steps.Journal // another program's; nil: the seat is this one's own
}

func (w *worker) Command(in steps.Input) string { return steps.Sketch(in.Action.Command, in.Vars) }

func (w *worker) Execute(ctx context.Context, in steps.Input, out steps.Output) (steps.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if in.Phase != steps.PhaseAction {
		return steps.Result{Summary: "holds"}, nil
	}
	if in.Step == "jump" {
		for _, q := range w.asks {
			a, err := out.Ask(ctx, q)
			if err != nil || !a.OK {
				return steps.Result{}, steps.Failf(steps.FailHostKey, "it was refused")
			}
			w.said = append(w.said, a.Text)
		}
	}
	out.Status(steps.Doing("doing.boot", "name", "chat\x1b[2J"))
	out.Line(string(in.Step), "\x1b[31mone\x1b[0m line of "+string(in.Step))
	select {
	case <-time.After(max(time.Second, w.slow)):
	case <-ctx.Done():
		return steps.Result{}, ctx.Err()
	}
	if in.Step == "puppet" && !w.failed {
		w.failed = true
		return steps.Result{}, steps.Failf(steps.FailPuppet, "exit status 4")
	}
	return steps.Result{Summary: string(in.Step) + " worked", Changed: true}, nil
}

func both(fr, en string) steps.Text { return steps.Text{"fr": fr, "en": en} }

func workshop() *steps.Workshop {
	do := func(command string) []steps.Action {
		return []steps.Action{{Name: "look", Kind: "ssh.run", Command: command, With: map[string]steps.Value{"hop": {Text: "jump"}}}}
	}
	takes := do("puppet agent -t")
	takes[0].Unmakes = true
	return &steps.Workshop{
		Name: "cats", Title: both("Un nuage de chats", "A cloud of cats"), Languages: []string{"fr", "en"},
		Slides: []steps.ID{"title", "enter", "puppet", "victory"}, Hops: []steps.Hop{{Name: "jump"}},
		Placeholders: map[string]string{"22XX": "${port}", "c0ffee": "${jump.id}"},
		Steps: []steps.Step{
			{ID: "jump", Title: both("Entrer", "Enter"), Slides: []steps.ID{"enter"}, Expect: 5 * time.Second, Hints: []steps.Text{both("Sur la diapo.", "On the slide.")}, Actions: do("ssh -p ${port}"), Checks: do("whoami")},
			{ID: "list", Title: both("Lister", "List"), Slides: []steps.ID{"enter"}, Needs: []steps.ID{"jump"}, Actions: do("nova list"), Checks: do("nova list"), Undo: do("true")},
			{ID: "puppet", Title: both("Configurer", "Configure"), Slides: []steps.ID{"puppet"}, Needs: []steps.ID{"list"}, Actions: takes, Confirm: both("Pour de bon ?", "For real?")},
			{ID: "victory", Title: both("Victoire", "Victory"), Slides: []steps.ID{"victory"}, Needs: []steps.ID{"puppet"}, Victory: true, Checks: do("curl -s http://web")},
		},
	}
}

const deck = `-> # Cats

             /\_/\      .-----------.
            ( o.o )     | the cloud |
             > ^ <      '-----------'

---

# The way in

> ssh root@127.0.0.1 -p *22XX*

Password: moutarde

+----+--------+
| ID | Name   |
+----+--------+
| 1  | puppet |
+----+--------+

---

# Puppet

* one
* two

---

-> # Victory
`

func catalog(t testing.TB) *i18n.Catalog {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// typist is a terminal somebody types at: it can be taken back from a Read.
type typist struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (p typist) Cancel() bool { _ = p.w.CloseWithError(errors.New("canceled")); return true }

// screen is what was printed.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// take is all that was printed since the last time.
func (s *screen) take() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

type room struct {
	t     *testing.T
	w     *worker
	out   *screen
	ended chan error
	end   func()
	keys  *io.PipeWriter
}

// open starts a dialogue. An In that is nil is a typist's.
func open(t *testing.T, w *worker, o plain.Options) *room {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	engine, err := steps.New(workshop(), w, steps.Options{
		Seat: "07", Params: steps.Vars{"port": "2207"}, Journal: w.looksAt, ReadOnly: w.looksAt != nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, w: w, out: &screen{}, ended: make(chan error, 1)}
	if o.In == nil {
		in, keys := io.Pipe()
		o.In, o.Interactive, r.keys = typist{in, keys}, true, keys
	}
	parsed := slides.Parse("deck.md", []byte(cmp.Or(w.deck, deck)))
	o.Out, o.Texts, o.Seat, o.Sandbox = r.out, catalog(t), "07", true
	o.Decks = map[string]*slides.Deck{"fr": parsed, "en": parsed}
	if o.Lang == "" {
		o.Lang = "en"
	}
	engineEnded := make(chan struct{})
	go func() { defer close(engineEnded); _ = engine.Run(ctx) }()
	go func() { r.ended <- plain.Run(ctx, engine, o) }()
	r.end = func() { cancel(); <-engineEnded }
	t.Cleanup(r.end)
	return r
}

// sees fails unless what was printed since the last time has the texts, in this order.
func (r *room) sees(texts ...string) {
	r.t.Helper()
	got := r.out.take()
	rest := got
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			r.t.Fatalf("no %q (in its place) in\n%s", text, got)
		}
		rest = after
	}
}

func (r *room) types(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.keys, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, f)
	})
}

func TestTyped(t *testing.T) {
	t.Parallel()
	bubble(t, "from the first slide to Victory", func(t *testing.T) {
		w := &worker{asks: []steps.Question{{Kind: steps.AskHostKey, Subject: "chat@jump\x1b]0;x\a", Data: map[string]string{"fingerprint": "SHA256:abc"}}}}
		r := open(t, w, plain.Options{})
		r.sees("A cloud of cats\nseat 07, SANDBOX\n", "Slide 1 of 4: Cats\n", "(A drawing. In it: the cloud. a shows it.)", "enter goes on, ? helps > ")
		r.types("")
		r.sees("Slide 2 of 4: The way in", "> ssh root@127.0.0.1 -p 2207", "* ID; Name\n", "* 1; puppet\n",
			"Step 1 of 4: Enter (ready, about 5s)\n  $ ssh -p 2207\n", "enter runs the step")
		r.types("")
		r.sees("It runs. x and enter stops it.\n", "First visit: chat@jump\n  Fingerprint: SHA256:abc\n", "yes or no > ")
		r.types("")
		r.sees("yes or no > ")
		r.types("y")
		r.sees("  jump: one line of jump\n  asks Nova for chat\n")
		r.types("r")
		r.sees("A step is running.")
		time.Sleep(3 * time.Second)
		r.sees("  jump worked\n", "proven: look (holds)\n", "Done: Enter, in 1s.\n", "enter runs the step")
		r.types("")
		r.sees("Step 2 of 4: List (ready)", "$ nova list")
		time.Sleep(2 * time.Second)
		r.sees("Done: List")
		r.types("c")
		r.sees("List: checking.", "proven: look (holds)")
		r.types("")
		r.sees("Slide 3 of 4", "* one\n", "Configure (ready)")
		r.types("")
		r.sees("For real?\nyes or no > ")
		r.types("n")
		r.sees("Left as it is.\nenter goes on")
		r.types("p")
		r.sees("Slide 2 of 4", "List (done in 1s)")
		r.types("3")
		r.types("r")
		r.types("yes")
		time.Sleep(2 * time.Second)
		r.sees("\nThat didn't work: Configure\n  exit status 4\nWhat now? The Puppet agent", "enter replays")
		r.types("r")
		r.types("yes")
		time.Sleep(2 * time.Second)
		r.sees("Done: Configure")
		r.types("u")
		r.sees("this step can't be undone")
		r.types("")
		r.types("C")
		r.sees("Slide 4 of 4", "  1. Victory\nOne step will be checked", "yes or no > ")
		r.types("yes")
		time.Sleep(2 * time.Second)
		r.sees("Victory: checking.", "Done: Victory", "Victory!\nAll of it stands.", "q quits, ? helps > ")
		r.types("")
		r.sees("That was the last slide.")
		r.types("2")
		r.types("u")
		r.types("y")
		time.Sleep(2 * time.Second)
		r.sees("Undo “List”?", "List: undone.")
		r.types("o")
		r.sees("> 2. The way in; Enter: done; List: ready\n", "  3. Puppet; Configure: stale")
		r.types("L")
		r.sees("La console parle français.\n", "Diapo 2 sur 4")
		r.types("q")
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	bubble(t, "what runs can be stopped, and is said to run", func(t *testing.T) {
		r := open(t, &worker{slow: 100 * time.Second}, plain.Options{Step: "jump"})
		r.types("")
		time.Sleep(65 * time.Second)
		r.sees("Enter is still running, after 30s of about 5s.", "after 1m0s of about 5s.")
		r.types("q")
		r.types("no")
		r.types("x")
		r.sees("Quit?", "Left as it is.", "Enter: stopped.", "enter replays")
		r.types("x")
		r.sees("Nothing is running.")
		r.types("nonsense\x1b]0;x\a")
		r.sees("No command “nonsense”.")
		r.types("99")
		r.sees("There is no slide 99: there are 4.")
		r.types("/ WAY")
		r.sees("  2: The way in\n")
		r.types("/")
		r.types("s")
		r.types("e")
		r.types("v")
		r.sees("Type what you are looking for.", "no shell here", "nothing to edit here", "The list comes")
		r.types("?")
		r.sees("  enter: Run this slide's step", "  q: Quit")
		_ = r.keys.Close()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	bubble(t, "the program is interrupted", func(t *testing.T) {
		r := open(t, &worker{slow: time.Hour}, plain.Options{Step: "jump"})
		r.types("")
		r.end()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	bubble(t, "nothing is shown while they are typed", func(t *testing.T) {
		var shown []bool
		w := &worker{asks: []steps.Question{
			{Kind: steps.AskPassword, Subject: "chat@jump", Attempt: 2},
			{Kind: steps.AskPrompt, Subject: "chat@jump", Data: map[string]string{"prompt": "Code:\x1b[2J", "echo": "true"}},
			{Kind: steps.AskChoice, Subject: "an image", Choices: []string{"Debian 12", "Debian 13"}},
			{Kind: steps.AskPassphrase, Subject: "id_rsa"},
		}}
		r := open(t, w, plain.Options{Step: "jump", Echo: func(on bool) error { shown = append(shown, on); return nil }})
		r.types("")
		r.sees("Password: chat@jump\n", "That wasn't it.", "answer > ")
		r.types("moutarde")
		r.sees("\n\nThe machine asks: chat@jump\nIt says: Code:\n", "answer > ")
		r.types("42")
		r.types("3")
		r.types("2")
		r.sees("Which one? an image\n  1. Debian 12\n  2. Debian 13\nwhich number > which number > ", "Passphrase: id_rsa")
		r.types("")
		time.Sleep(time.Second)
		r.sees("The answer is no.\n", "it was refused")
		if got := strings.Join(w.said, " "); got != "moutarde 42 Debian 13" {
			t.Errorf("answers %q", got)
		}
		if len(shown) != 4 || shown[0] || !shown[1] || shown[2] || !shown[3] {
			t.Errorf("echo %v", shown)
		}
		r.end()
		<-r.ended
	})
	bubble(t, "a server made by hand", func(t *testing.T) {
		data := map[string]string{"name": "web-07", "id": "c0ffee", "status": "ACTIVE", "age": "192"}
		w := &worker{asks: []steps.Question{
			{Kind: steps.AskAdopt, Subject: "web-07", Data: data, Choices: []string{steps.ChoiceAdopt, steps.ChoiceAnother}},
			{Kind: steps.AskGiveBack, Subject: "web-07", Data: data, Choices: []string{steps.ChoiceDelete, steps.ChoiceKeep}},
		}}
		r := open(t, w, plain.Options{Step: "jump"})
		r.types("")
		r.sees("Is this server yours?", "ID: c0ffee", "Created: 3m12s ago", "  1. Cancel\n  2. It's mine\n  3. Boot another\nwhich number > ")
		r.types("4")
		r.types("2")
		r.sees("This one was made by hand", "  2. Delete it\n  3. Let it stay\n")
		r.types("1")
		time.Sleep(time.Second)
		if got := strings.Join(w.said, " "); !strings.HasPrefix(got, "adopt") {
			t.Errorf("answers %q", got)
		}
		r.end()
		<-r.ended
	})
	bubble(t, "what is about to go is told", func(t *testing.T) {
		r := open(t, &worker{}, plain.Options{Step: "puppet", Made: func(context.Context) (cloud.Made, error) {
			return cloud.Made{Servers: []cloud.Server{{
				ID: "22faa254-c04f", Name: "web-07", Created: time.Now().Add(-192 * time.Second), Metadata: map[string]string{cloud.MetaAdopted: "now"},
			}}, Keypairs: []string{"matou-07"}}, nil
		}})
		for range 4 {
			r.types("C")
			time.Sleep(4 * time.Second)
			r.types("yes")
			time.Sleep(4 * time.Second)
		}
		r.types("r")
		r.sees("Asking the cloud…\n  Server: web-07, 22faa254, 3m", "made by hand\n  Keypair: matou-07\nFor real?\nyes or no > ")
		r.types("no")
		r.end()
		<-r.ended
	})
	bubble(t, "a terminal that can't hide is not asked", func(t *testing.T) {
		w := &worker{asks: []steps.Question{{Kind: steps.AskPassword, Subject: "chat@jump"}}}
		r := open(t, w, plain.Options{Step: "jump", Conceal: true, Echo: func(bool) error { return errors.New("no") }})
		r.sees("Password: ••••••••\n")
		r.types("")
		r.sees("This terminal can't hide", "The answer is no.", "it was refused")
		r.end()
		<-r.ended
	})
	bubble(t, "a changed key is told, and refused", func(t *testing.T) {
		w := &worker{asks: []steps.Question{{Kind: steps.AskHostKey, Subject: "chat@jump", Data: map[string]string{"changed": "true", "known": "SHA256:old", "fingerprint": "SHA256:new"}}}}
		r := open(t, w, plain.Options{Step: "jump"})
		r.types("")
		r.sees("The key has changed! chat@jump\n", "Known: SHA256:old\n", "Shown now: SHA256:new\n", "The answer is no.", "it was refused")
		r.end()
		<-r.ended
	})
}

func TestScript(t *testing.T) {
	t.Parallel()
	script := func(name, lines string, w *worker, want error, texts ...string) {
		bubble(t, name, func(t *testing.T) {
			r := open(t, w, plain.Options{In: strings.NewReader(lines)})
			err := <-r.ended
			var failed *plain.FailedError
			if (want == nil) != (err == nil) || want != nil && !errors.As(err, &failed) {
				t.Errorf("ended with %v", err)
			}
			r.sees(texts...)
		})
	}
	stands := &plain.FailedError{}
	script("returns do it all", strings.Repeat("\n", 5)+"yes\n"+strings.Repeat("\n", 9), &worker{failed: true}, nil,
		"enter goes on, ? helps > \n", "Done: Enter", "Done: List", "For real?\nyes or no > \n", "Done: Configure", "Victory!", "That was the last slide.")
	script("they don't repeat a failure", strings.Repeat("\n", 5)+"yes\n"+strings.Repeat("\n", 99), &worker{}, stands,
		"That didn't work: Configure")
	script("r does", strings.Repeat("\n", 5)+"yes\nr\nyes\nq\n", &worker{}, nil, "That didn't work: Configure", "Done: Configure")
	script("the end waits for what runs", "2\nr", &worker{}, nil, "> r\n", "Done: Enter")
	script("and declines", "2\nr\n", &worker{asks: []steps.Question{{Kind: steps.AskPassword}}}, stands, "The answer is no.", "it was refused")
	script("what is no yes is a no", "2\nr\n\n", &worker{asks: []steps.Question{{Kind: steps.AskHostKey}}}, stands, "yes or no > \n", "The answer is no.")
	script("answers are lines", "2\nr\nmoutarde\nq\n", &worker{asks: []steps.Question{{Kind: steps.AskPassword}}}, nil, "Done: Enter")
	script("catching up is a plan", "2\nn\nC\nyes\n", &worker{failed: true}, nil, "These 3 steps", "Enter: checking.", "Done: Configure")
	script("a password is where the hint says", "2\n\nq\n", &worker{asks: []steps.Question{{Kind: steps.AskPassword, Step: "jump"}}}, nil, "What is the password", "Hint: On the slide.")
	script("a step that must wait says what to type", "3\nq\n", &worker{}, nil, "C catches up with what is missing, n goes on")
	script("a line without an end", strings.Repeat("x", 1<<20), &worker{}, nil, "No command “xxx")
	script("nothing", "", &worker{}, nil, "Slide 1 of 4")
}

func TestAnswered(t *testing.T) {
	t.Parallel()
	bubble(t, "by the program itself", func(t *testing.T) {
		w := &worker{asks: []steps.Question{{Kind: steps.AskHostKey, Subject: "chat@jump"}}}
		r := open(t, w, plain.Options{In: strings.NewReader("2\n\n"), Answer: func(steps.Question) (steps.Answer, bool) {
			return steps.Answer{OK: true}, true
		}})
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		r.sees("First visit: chat@jump", "Done: Enter")
	})
	bubble(t, "and nobody touches what another holds", func(t *testing.T) {
		var slides []int
		r := open(t, &worker{}, plain.Options{
			In: strings.NewReader("\n\nr\nC\nq\n"), ReadOnly: true, Holder: "7 (vm)", Warnings: []string{"a \x1b[2Jwarning"},
			OnSlide: func(n int, _ steps.ID) { slides = append(slides, n) },
		})
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		r.sees("read only: process 7 (vm) holds this seat; close it, then start Matou here again\na warning\n", "Slide 3 of 4", "read only", "read only")
		if len(slides) != 3 || slides[0] != 1 || slides[2] != 3 {
			t.Errorf("slides %v", slides)
		}
	})
	bubble(t, "and is told when that one has ended", func(t *testing.T) {
		dir := t.TempDir()
		holder, err := steps.OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := steps.ReadJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, &worker{looksAt: reader}, plain.Options{ReadOnly: true, Holder: "7 (vm)"})
		time.Sleep(2 * time.Second)
		r.sees("process 7 (vm) holds this seat")
		if err := holder.Close(); err != nil {
			t.Fatal(err)
		}
		const free = "the program that held this seat has ended: start Matou here again to take it over"
		time.Sleep(2 * time.Second)
		r.sees(free)
		time.Sleep(time.Minute)
		if more := r.out.take(); more != "" {
			t.Errorf("told again: %q", more)
		}
		r.types("C")
		r.sees(free)
		r.types("q")
	})
	bubble(t, "by a shell", func(t *testing.T) {
		hop := ""
		r := open(t, &worker{}, plain.Options{
			In: strings.NewReader("2\ns\ne\nq\n"), Shell: func(h string) error { hop = h; return nil },
			Edit: func(steps.ID) error { return errors.New("no editor") },
		})
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		r.sees("Welcome back.", "Enter: checking.", "Done: Enter", "The shell ended like this: no editor")
		if hop != "jump" {
			t.Errorf("a shell on %q", hop)
		}
	})
}

// TestExamples: a value of the deck that no step has brought yet is said to be an example, in a table that is
// told as a list too.
func TestExamples(t *testing.T) {
	t.Parallel()
	bubble(t, "until it is known", func(t *testing.T) {
		const table = "# Its id\n\n> nova show *c0ffee* *22XX*\n\n+----+----------+\n| id | *c0ffee*   |\n+----+----------+\n| port | *22XX* |\n"
		r := open(t, &worker{deck: table}, plain.Options{In: strings.NewReader("q\n")})
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		r.sees("> nova show c0ffee 2207  example\n", "* id; c0ffee (example)\n", "* port; 2207\n")
	})
}

package notes_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"matou/assets"
	"matou/cloud/leaktest"
	"matou/slides"
	"matou/steps"
	"matou/tui/i18n"
	"matou/tui/notes"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func english(t *testing.T) i18n.Texts {
	t.Helper()
	c, err := i18n.Load(assets.I18n())
	if err != nil {
		t.Fatal(err)
	}
	return c.In("en")
}

const deck = "# One\n\n<!-- Say hello.\nSlowly. -->\n<!-- And \asmile. -->\n\n---\n\n# Two\n"

// screen is what was shown.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// take is what was shown since the last time.
func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

func options(t *testing.T, dir string, out *screen) notes.Options {
	t.Helper()
	return notes.Options{
		Dir: dir, Text: english(t), Out: out,
		Workshop: &steps.Workshop{Slides: []steps.ID{"one", "two"}, Steps: []steps.Step{
			{ID: "go", Title: steps.Text{"en": "Go there"}, Slides: []steps.ID{"two"}, Expect: 40 * time.Second},
		}},
		Deck: func(file string) (*slides.Deck, error) {
			if file == "mine.md" {
				return slides.Parse(file, []byte("# Mine")), nil
			}
			return slides.Parse("deck.md", []byte(deck)), nil
		},
	}
}

func sees(t *testing.T, out *screen, texts ...string) {
	t.Helper()
	got := out.take()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in %q", text, got)
		}
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, out := t.TempDir(), &screen{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- notes.Follow(ctx, options(t, dir, out)) }()
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		pass(time.Second)
		sees(t, out, "No console is open")

		k := notes.Keep(dir, "")
		k.Set(2, "go")
		k.Set(1, "")
		pass(time.Second)
		sees(t, out, "Slide 1 of 2: One\n", "0:00 since the start", "Say hello.\nSlowly.\n\nAnd smile.\n", "Next: Two\n")
		pass(time.Minute)
		if got := out.take(); got != "" {
			t.Errorf("nothing has moved, and it says %q", got)
		}
		k.Set(2, "go")
		pass(time.Second)
		sees(t, out, "Slide 2 of 2: Two\n1:01 since the start, 0:00 on this slide\nStep 1 of 1: Go there (ready, about 0:40)\n\nNo notes for this slide.\n")

		journal, err := steps.OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		if err := journal.Append(steps.Event{V: 1, Seq: 1, At: time.Now(), Type: steps.StepStarted, Step: "go", Attempt: 1, Phase: steps.PhaseAction}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		sees(t, out, "(running in 0:00, about 0:40)")

		if err := os.WriteFile(filepath.Join(dir, notes.FileName), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := out.take(); got != "" {
			t.Errorf("half a file, and it says %q", got)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		k.Set(1, "") // is too late
		pass(time.Second)
		sees(t, out, "No console is open")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, notes.FileName+"*")); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, out := t.TempDir(), &screen{}
		k := notes.Keep(dir, "mine.md")
		k.Set(7, "") // more than there are
		synctest.Wait()
		o := options(t, dir, out)
		o.Size = func() (int, int) { return 20, 3 }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- notes.Follow(ctx, o) }()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		got := out.take()
		if n := strings.Count(got, "\x1b[H"); n != 3 || !strings.HasPrefix(got, "\x1b[2J") {
			t.Errorf("drawn %d times: %q", n, got)
		}
		if !strings.Contains(got, "\x1b[HSlide 1 of 1: Mine\x1b[K\r\n0:02 since the\x1b[K\r\n") || strings.Contains(got, "No notes") {
			t.Errorf("drawn %q", got)
		}
		cancel()
		if err := errors.Join(<-ended, k.Close(), k.Close()); err != nil {
			t.Error(err)
		}
	})
}

func TestOnce(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), &screen{}
	k := notes.Keep(dir, "")
	k.Set(1, "")
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	o := options(t, dir, out)
	o.Once = true
	if err := notes.Follow(t.Context(), o); err != nil {
		t.Error(err)
	}
	sees(t, out, "No console is open")
	o.Deck = func(string) (*slides.Deck, error) { return nil, fs.ErrNotExist }
	if err := notes.Follow(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no deck: %v", err)
	}
}

func TestNoDisk(t *testing.T) {
	t.Parallel()
	k := notes.Keep(filepath.Join(t.TempDir(), "nowhere"), "")
	k.Set(1, "")
	if err := k.Close(); err == nil {
		t.Error("kept nowhere")
	}
}

func FuzzReadPlace(f *testing.F) {
	f.Add([]byte(`{"slide":1,"step":"go","at":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, notes.FileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		out := &screen{}
		o := options(t, dir, out)
		o.Once = true
		if err := notes.Follow(t.Context(), o); err != nil {
			t.Error(err)
		}
		if got := out.take(); strings.ContainsAny(got, "\x1b\a") {
			t.Errorf("it drives the terminal: %q", got)
		}
	})
}

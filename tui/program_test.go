package tui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"

	"matou/steps"
	"matou/tui"
	"matou/tui/tuitest"
)

var _ tui.Session = (*steps.Engine)(nil)

// wire counts what goes to a terminal, and keeps it.
type wire struct {
	mu  sync.Mutex
	all bytes.Buffer
	n   int
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n += len(p)
	return w.all.Write(p)
}

// since is the number of bytes written since the last call.
func (w *wire) since() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.n
	w.n = 0
	return n
}

// emulate is what a terminal shows after all that was written.
func (w *wire) emulate(width, height int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := vt.NewEmulator(width, height)
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.Copy(io.Discard, e) }() // answers to queries
	_, _ = e.Write([]byte("\x1b[20h"))                               // a line feed returns too, as a tty's driver would have it
	_, _ = e.Write(w.all.Bytes())
	lines := strings.Split(e.String(), "\n")
	_ = e.InputPipe().(io.Closer).Close() // Close of the emulator itself races with its Read
	<-done
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// The real program writes to an emulated terminal: what is there is what the model means, and it
// took few bytes.
func TestProgram(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := start(t, 120, 36)
		var out wire
		m := tui.New(ctx, f.session, tui.Options{
			Sandbox: true, Seat: "07", Lang: "fr", Theme: "dark", Feed: f.session,
			Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks,
		})
		p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(120, 36),
			tea.WithoutSignalHandler(), tea.WithColorProfile(colorprofile.TrueColor), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
		ended := make(chan error, 1)
		go func() { _, err := p.Run(); ended <- err }()
		time.Sleep(time.Second)
		if n := out.since(); n > 12_000 {
			t.Errorf("the first screen took %d bytes", n)
		}
		for _, at := range []string{"diapo 2/5", "diapo 3/5", "diapo 4/5", "diapo 5/5"} {
			p.Send(tuitest.Key("right"))
			time.Sleep(200 * time.Millisecond)
			n := out.since()
			t.Logf("%s: %d bytes", at, n)
			if n > 4000 {
				t.Errorf("%s took %d bytes", at, n)
			}
			if got := out.emulate(120, 36); !strings.Contains(got, at) {
				t.Errorf("%s is not on the terminal:\n%s", at, got)
			}
		}
		time.Sleep(10 * time.Second)
		if n := out.since(); n > 2500 {
			t.Errorf("10 s of idling with the cat took %d bytes", n)
		} else {
			t.Logf("idle with the cat: %d bytes in 10 s", n)
		}
		if got, want := out.emulate(120, 36), strings.TrimRight(m.View().Content, "\n"); !strings.Contains(got, "Victoire") || want == "" {
			t.Errorf("on the terminal:\n%s", got)
		}
		p.Send(tuitest.Key("q"))
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		cancel()
	})
}

// A program that is over before Bubble Tea's renderer has ended gives the terminal back all the same:
// what follows is drawn. On one processor the renderer ends only when somebody waits for it.
func TestHandover(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := newSession()
		var out wire
		m := tui.New(ctx, s, tui.Options{
			Lang: "fr", Theme: "dark", Feed: s, Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks, Suspend: noProgram{},
		})
		p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(120, 36),
			tea.WithoutSignalHandler(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
		ended := make(chan error, 1)
		go func() { _, err := p.Run(); ended <- err }()
		time.Sleep(time.Second)
		for _, at := range []string{"diapo 2/5", "diapo 3/5", "diapo 4/5", "diapo 5/5"} {
			began := time.Now()
			p.Send(tuitest.Key("ctrl+z"))
			p.Send(tuitest.Key("right"))
			if took := time.Since(began); took > 100*time.Millisecond { // of the bubble's time
				t.Errorf("the program got the terminal after %s", took)
			}
			time.Sleep(time.Second)
			if got := out.emulate(120, 36); !strings.Contains(got, at) {
				t.Fatalf("%s is not on the terminal:\n%s", at, got)
			}
		}
		p.Send(tuitest.Key("q"))
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
}

func BenchmarkKeyToScreen(b *testing.B) {
	s := newSession()
	m := tui.New(b.Context(), s, tui.Options{Lang: "fr", Theme: "dark", Feed: s, Texts: texts(b), Themes: themes(b), Cats: cats(b), Decks: decks})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	keys := []tea.KeyPressMsg{tuitest.Key("right"), tuitest.Key("right"), tuitest.Key("left"), tuitest.Key("left")}
	for i := 0; b.Loop(); i++ {
		m.Update(keys[i%len(keys)])
		m.View()
	}
}

// BenchmarkSlideBytes is what one slide after the other costs on the line, in bytes, and as a part of
// a whole screen: the renderer is the one of Bubble Tea.
func BenchmarkSlideBytes(b *testing.B) {
	s := newSession()
	m := tui.New(b.Context(), s, tui.Options{Lang: "fr", Theme: "dark", Feed: s, Texts: texts(b), Themes: themes(b), Cats: cats(b), Decks: decks})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	var line bytes.Buffer
	screen := uv.NewScreenBuffer(120, 36)
	out := uv.NewTerminalRenderer(&line, []string{"TERM=xterm-256color", "COLORTERM=truecolor"})
	out.SetColorProfile(colorprofile.TrueColor)
	out.SetFullscreen(true)
	out.Resize(120, 36)
	sent := func() int {
		line.Reset()
		screen.Clear()
		uv.NewStyledString(m.View().Content).Draw(screen, screen.Bounds())
		out.Render(screen.RenderBuffer)
		if err := out.Flush(); err != nil {
			b.Fatal(err)
		}
		return line.Len()
	}
	whole, slides := sent(), 0
	keys := []tea.KeyPressMsg{tuitest.Key("right"), tuitest.Key("right"), tuitest.Key("left"), tuitest.Key("left")}
	for i := 0; b.Loop(); i++ {
		m.Update(keys[i%len(keys)])
		slides += sent()
	}
	b.ReportMetric(float64(slides)/float64(b.N), "B/slide")
	b.ReportMetric(float64(slides)/float64(b.N)/float64(whole), "of-a-screen")
}

func BenchmarkIdleView(b *testing.B) {
	s := newSession()
	m := tui.New(b.Context(), s, tui.Options{Lang: "fr", Theme: "dark", Feed: s, Texts: texts(b), Themes: themes(b), Cats: cats(b), Decks: decks})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
	for b.Loop() {
		m.View()
	}
}

func BenchmarkNew(b *testing.B) {
	s := newSession()
	for b.Loop() {
		m := tui.New(b.Context(), s, tui.Options{Lang: "fr", Theme: "dark", Feed: s, Texts: texts(b), Themes: themes(b), Cats: cats(b), Decks: decks})
		m.Update(tea.WindowSizeMsg{Width: 120, Height: 36})
		m.View()
	}
}

// Whatever the console does wrong, the terminal is as it was.
func TestPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := newSession()
		var out wire
		m := tui.New(ctx, s, tui.Options{
			Lang: "fr", Theme: "dark", Feed: s, Texts: texts(t), Themes: themes(t), Cats: cats(t), Decks: decks, Mouse: true,
			OnSlide: func(n int, _ steps.ID) {
				if n == 3 {
					panic("a slide too far")
				}
			},
		})
		p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(120, 36),
			tea.WithoutSignalHandler(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
		ended := make(chan error, 1)
		go func() { _, err := p.Run(); ended <- err }()
		time.Sleep(time.Second)
		p.Send(tuitest.Key("3"))
		if err := <-ended; !errors.Is(err, tea.ErrProgramPanic) {
			t.Errorf("the program ended with %v", err)
		}
		all := out.all.String()
		for mode, restored := range map[string]string{
			"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?2004h": "\x1b[?2004l",
			"\x1b[?1004h": "\x1b[?1004l", "\x1b[?1002h": "\x1b[?1002l", "\x1b]2;Matou": "\x1b]2;\a",
		} {
			if at := strings.LastIndex(all, mode); at < 0 || strings.LastIndex(all, restored) < at {
				t.Errorf("%q is set at %d and not taken back", mode, at)
			}
		}
	})
}

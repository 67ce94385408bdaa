package slides

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seedDeck returns the deck that the format was taken from, which is not part
// of the repository.
func seedDeck(t testing.TB) (*Deck, []byte) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "shared", "seed", "prez.md"))
	if err != nil {
		t.Skip("the seed deck is not here:", err)
	}
	return Parse("prez.md", src), src
}

// content returns the runes of s that no markup is made of, blanks removed.
func content(s string) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) || r == '\n' || r == '\r' || strings.ContainsRune("*#-=>_\\`~", r) || strings.ContainsRune("•◦▪▌", r) {
			return -1
		}
		return r
	}, s)
}

// TestNothingLost compares, slide by slide, what was written with what is
// shown, at widths from comfortable to absurd.
func TestNothingLost(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, d *Deck, src []byte) {
		lines := splitLines(src)
		for i, s := range d.Slides {
			end := len(lines)
			if i+1 < len(d.Slides) {
				end = d.Slides[i+1].Line - 1
			}
			want := content(strings.Join(lines[s.Line-1:end], "\n"))
			for _, width := range []int{0, 1, 7, 40, 76, 116, 300} {
				v := s.Render(d, Options{Width: width, Stop: -1})
				if got := content(strings.Join(v.Lines, "\n")); got != want {
					t.Errorf("slide %d at width %d:\n got %s\nwant %s", s.Number, width, got, want)
				}
			}
		}
	}
	t.Run("seed", func(t *testing.T) {
		t.Parallel()
		d, src := seedDeck(t)
		if len(d.Slides) != 29 {
			t.Fatalf("%d slides, want 29", len(d.Slides))
		}
		if d.Width != 99 {
			t.Errorf("deck width %d, want 99", d.Width)
		}
		tallest, rows := 0, 0
		for _, s := range d.Slides {
			if v := s.Render(d, Options{Stop: -1, Strict: true}); v.Height > rows {
				tallest, rows = s.Number, v.Height
			}
		}
		// mdp asks for 44 rows, one of which is its bottom bar.
		if tallest != 25 || rows != 43 {
			t.Errorf("slide %d is the tallest with %d rows, want slide 25 with 43", tallest, rows)
		}
		check(t, d, src)
	})
	t.Run("own", func(t *testing.T) {
		t.Parallel()
		src := "a *b* !!! c\n\n* d\n * e !\n\n---\n\n+---+\n| *x* |\n+---+\n\n      class { 'f': }\n\n> g *h* \"i\"\n> k\n"
		check(t, Parse("t", []byte(src)), []byte(src))
	})
}

// TestSeedArt checks that drawings and tables keep their shape.
func TestSeedArt(t *testing.T) {
	t.Parallel()
	d, src := seedDeck(t)
	lines := splitLines(src)
	for _, s := range d.Slides {
		for _, width := range []int{30, 76, 116} {
			shown := s.Render(d, Options{Width: width, Stop: -1})
			for i := range s.Blocks {
				b := &s.Blocks[i]
				if b.Kind != Art && b.Kind != Code {
					continue
				}
				moved := -1 << 30
				for _, l := range b.Lines {
					raw := lines[l.Number-1]
					if strings.TrimSpace(raw) == "" || strings.Contains(raw, "*") {
						continue
					}
					got := shown.Lines[shown.RowOf(l.Number)]
					if strings.TrimSpace(got) != strings.TrimSpace(raw) {
						t.Errorf("line %d at width %d: %q shown as %q", l.Number, width, raw, got)
					}
					by := indentOf(got) - indentOf(raw)
					if moved != -1<<30 && by != moved {
						t.Errorf("line %d at width %d moved by %d, the one before by %d", l.Number, width, by, moved)
					}
					moved = by
				}
			}
		}
	}
}

func TestSeedCommands(t *testing.T) {
	t.Parallel()
	d, _ := seedDeck(t)
	var placeholders []string
	n := 0
	for _, s := range d.Slides {
		for _, c := range s.Commands() {
			n++
			for _, p := range c.Placeholders() {
				if !slices.Contains(placeholders, p) {
					placeholders = append(placeholders, p)
				}
			}
		}
	}
	// 40 quoted lines: one asks back, two are YAML, one continues another.
	if n != 36 {
		t.Errorf("%d commands, want 36", n)
	}
	for _, p := range []string{"22XX", "puppet-XXX", "web-XXX", "id", "adresse_ip", "adresse_ip_puppet", "nom_du_module"} {
		if !slices.Contains(placeholders, p) {
			t.Errorf("placeholder %s not found in %q", p, placeholders)
		}
	}
	boot := d.Slides[27].Commands()
	want := "nova boot --image 'Ubuntu 14.04' --flavor 'vps-ssd-1' --user-data web.yaml --num-instances 3 web"
	if len(boot) != 2 || boot[1].Text != want {
		t.Errorf("slide 28: %+v", boot)
	}
}

func TestSeedLint(t *testing.T) {
	t.Parallel()
	d, src := seedDeck(t)
	count := map[string][]int{}
	for _, p := range Lint(d, src, LintOptions{}) {
		count[p.Key] = append(count[p.Key], p.Line)
	}
	if want := []int{233, 272, 293, 328, 334, 442}; !slices.Equal(count[KeyNBSP], want) {
		t.Errorf("%s at %v, want %v", KeyNBSP, count[KeyNBSP], want)
	}
	if want := []int{146, 156, 209, 276}; !slices.Equal(count[KeySecret], want) {
		t.Errorf("%s at %v, want %v", KeySecret, count[KeySecret], want)
	}
	for _, key := range []string{KeySeparator, KeyListRule, KeyHiddenBreak, KeyFenceOpen, KeyDeepHeading} {
		if len(count[key]) > 0 {
			t.Errorf("%s at %v: false alarm", key, count[key])
		}
	}
}

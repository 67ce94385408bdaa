package slides

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestThemes(t *testing.T) {
	t.Parallel()
	for _, th := range []*Theme{Dark(), Light(), Contrast(), Mono(), Plain()} {
		b, err := json.Marshal(th)
		if err != nil {
			t.Fatalf("%s: %v", th.Name, err)
		}
		back, err := ParseTheme(b)
		if err != nil || *back != *th {
			t.Errorf("%s does not survive JSON: %v", th.Name, err)
		}
	}
	if b, _ := json.Marshal(Mono()); strings.Contains(string(b), "#") {
		t.Errorf("mono has colours: %s", b)
	}
	th := Dark()
	th.H1 = Style{}
	if Dark().H1 == (Style{}) {
		t.Error("changing a theme changes the next one")
	}
}

func TestParseThemeErrors(t *testing.T) {
	t.Parallel()
	for _, src := range []string{`{"h9":{}}`, `{"h1":{"fg":3}}`, `[`, `{"h1":{"blink":true}}`} {
		if _, err := ParseTheme([]byte(src)); err == nil {
			t.Errorf("%s: no error", src)
		}
	}
	for _, c := range []string{"red", "#12345", "#gggggg", "256", "-1"} {
		if _, err := ParseTheme([]byte(`{"h1":{"fg":"` + c + `"}}`)); !errors.Is(err, ErrColor) {
			t.Errorf("%s: error %v, want ErrColor", c, err)
		}
	}
}

func TestStyleSGR(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		style Style
		want  string
	}{
		{Style{}, ""},
		{Style{Bold: true, Reverse: true}, "\x1b[0;1;7m"},
		{Style{Fg: colorRGB | 0xff0007}, "\x1b[0;38;2;255;0;7m"},
		{Style{Fg: Palette(0), Bg: Palette(213), Underline: true}, "\x1b[0;4;30;48;5;213m"},
		{Style{Fg: Palette(7), Bg: Palette(15)}, "\x1b[0;37;107m"},
		{Style{Fg: Palette(8), Bg: Palette(16)}, "\x1b[0;90;48;5;16m"},
		{Style{Faint: true, Italic: true, Bg: colorRGB}, "\x1b[0;2;3;48;2;0;0;0m"},
	} {
		if got := string(tc.style.appendSGR(nil)); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.style, got, tc.want)
		}
	}
}

// TestHighlighting checks what each language marks, and that nothing of the
// code is lost in any of them.
func TestHighlighting(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		lang, code string
		want       map[string]role
	}{
		{"puppet", "# x\n@@haproxy::member { $::fqdn:\n  ports => '80', n => 3,\n  r => Python::Pip['F'],\n}\nclass { 'a': }", map[string]role{
			"# x": roleComment, "@@haproxy::member": roleFunction, "$::fqdn": roleVariable, "ports": roleVariable,
			"=>": roleOperator, "'80'": roleString, "3": roleNumber, "Python::Pip": roleFunction, "class": roleKeyword,
		}},
		{"yaml", "# x\na_b:\n  - c: true # y\n  - \"d\"\n  - 12", map[string]role{
			"# x": roleComment, "a_b": roleVariable, "c": roleVariable, "true": roleKeyword, "# y": roleComment,
			"\"d\"": roleString, "12": roleNumber,
		}},
		{"sh", "$ sudo a -x --yy \"$Z\" | b # c\nexport P=1\nif x; then echo $P; fi", map[string]role{
			"sudo": roleFunction, "--yy": roleVariable, "\"$Z\"": roleString, "|": roleOperator, "# c": roleComment,
			"export": roleKeyword, "P": roleVariable, "$P": roleVariable, "then": roleKeyword,
		}},
		{"haproxy", "frontend web\n    bind *:80\n    timeout client 30s # x\n[a]\nk = v", map[string]role{
			"frontend": roleKeyword, "bind": roleVariable, "30s": roleNumber, "# x": roleComment, "[a]": roleKeyword, "k": roleVariable,
		}},
		{"python", "def f(x):\n    return \"a\" # b", map[string]role{
			"def": roleKeyword, "f": roleFunction, "\"a\"": roleString, "# b": roleComment,
		}},
	} {
		t.Run(tc.lang, func(t *testing.T) {
			t.Parallel()
			d := Parse("t", []byte("```"+tc.lang+"\n"+tc.code+"\n```\n"))
			b := &d.Slides[0].Blocks[0]
			lines := b.paint.tokens(b)
			if lines == nil {
				t.Fatal("no tokens")
			}
			got := map[string]role{}
			for i, line := range lines {
				text := ""
				for _, tok := range line {
					text += tok.text
					if _, ok := got[strings.TrimSpace(tok.text)]; !ok {
						got[strings.TrimSpace(tok.text)] = tok.role
					}
				}
				if text != b.Lines[i].Text {
					t.Errorf("line %d is %q, want %q", i, text, b.Lines[i].Text)
				}
			}
			for text, want := range tc.want {
				if r, ok := got[text]; !ok || r != want {
					t.Errorf("%q has role %d (found %v), want %d; tokens %v", text, r, ok, want, lines)
				}
			}
		})
	}
	d := Parse("t", []byte("```cobol\nMOVE A TO B.\n```\n"))
	if got := show(d, Options{}); got != "<code> MOVE A TO B. <>" {
		t.Errorf("unknown language: %q", got)
	}
}

// TestGuess checks what indented code is taken for.
func TestGuess(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"    class { 'a': }":                   "puppet",
		"    a => b":                           "puppet",
		"    a:\n      b: c":                   "yaml",
		"    $ ls":                             "shell",
		"    plain words here":                 "",
		"    http://x.example/ y":              "",
		"    /\\_/\\\n    ( o.o )\n     > ^ <": "",
	} {
		b := Parse("t", []byte(src)).Slides[0].Blocks[0]
		if b.Lang != want {
			t.Errorf("%q: language %q, want %q", src, b.Lang, want)
		}
		if strings.Contains(src, "o.o") != (b.Kind == Art) {
			t.Errorf("%q: kind %v", src, b.Kind)
		}
	}
}

// TestShared renders one deck from several goroutines: a deck is never
// changed after parsing.
func TestShared(t *testing.T) {
	t.Parallel()
	d, _ := atelier(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, s := range d.Slides {
				s.Render(d, Options{Width: 60, Stop: -1, Theme: Dark()})
				s.Commands()
			}
			d.Search("phare")
		})
	}
	wg.Wait()
}

package i18n

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := Load(fstest.MapFS{
		"en.yaml": {Data: []byte("a: A {x} and {y}\nb:\n  c: C\nn: {one: '{n} cat', other: '{n} cats'}\n")},
		"fr.yaml": {Data: []byte("a: '{y} et {x}'\nn: {one: '{n} chat', other: '{n} chats'}\n")},
		"note.md": {Data: []byte("not a language")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Langs(), " "); got != "en fr" {
		t.Errorf("languages %q", got)
	}
	fr, en := c.In("fr"), c.In("en")
	for _, x := range []struct{ got, want string }{
		{en.T("a", "x", "1", "y", "2"), "A 1 and 2"},
		{fr.T("a", "x", "1", "y", "2"), "2 et 1"},
		{en.T("b.c"), "C"},
		{en.T("nothing.there"), "nothing.there"},
		{en.N("n", 0), "0 cats"},
		{en.N("n", 1), "1 cat"},
		{en.N("n", 2), "2 cats"},
		{en.T("n.one", "n", "{n}"), "{n} cat"}, // nor when it is the only one
		{fr.N("n", 0), "0 chat"},
		{fr.N("n", 1), "1 chat"},
		{fr.N("n", 2), "2 chats"},
		{c.In("de").Lang, "en"},
		{en.T("a", "x", "{y}", "y", "2"), "A {y} and 2"}, // a value is not a template
	} {
		if x.got != x.want {
			t.Errorf("%q, not %q", x.got, x.want)
		}
	}
	if en.Has("b") || !en.Has("b.c") {
		t.Error("a branch is no text, and a leaf is one")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a list": "a: [1]", "a number": "a: 1", "not YAML": "a: b: c"} {
		c, err := Load(fstest.MapFS{"en.yaml": {Data: []byte(text)}, "fr.yaml": {Data: []byte("a: b")}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "en.yaml") {
			t.Errorf("%s: %v", name, err)
		}
		if got := c.In("en").T("a"); got != "b" {
			t.Errorf("%s: it says %q in place of the language that can be read", name, got)
		}
	}
}

func TestZero(t *testing.T) {
	t.Parallel()
	var c *Catalog
	if got := c.In("fr").T("key"); got != "key" || c.Langs() != nil {
		t.Errorf("%q, %v", got, c.Langs())
	}
}

// BenchmarkT is a text with one value, of which each frame of the console has several.
func BenchmarkT(b *testing.B) {
	c, err := Load(fstest.MapFS{"en.yaml": {Data: []byte("waits: First comes {step}.")}})
	if err != nil {
		b.Fatal(err)
	}
	en := c.In("en")
	b.ReportAllocs()
	for b.Loop() {
		if en.T("waits", "step", "the jumphost") != "First comes the jumphost." {
			b.Fatal("another text")
		}
	}
}

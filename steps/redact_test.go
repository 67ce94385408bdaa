package steps_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"matou/steps"
)

func TestRedactor(t *testing.T) {
	t.Parallel()
	const m = steps.Masked
	tests := []struct {
		name     string
		secrets  []string
		in, want string
	}{
		{"none", nil, "moutarde", "moutarde"},
		{"one", []string{"moutarde"}, "-p moutarde", "-p " + m},
		{"too short", []string{"abc", ""}, "abc", "abc"},
		{"one holds another", []string{"pass", "password1"}, "password1 pass", m + " " + m},
		{"they overlap", []string{"abcdef", "defghi"}, "xabcdefghix", "x" + m + "x"},
		{"one in the middle of another", []string{"abcdefgh", "cdef"}, "abcdefgh", m},
		{"with itself", []string{"aaaa"}, "baaaaaab", "b" + m + "b"},
		{"side by side", []string{"1234", "5678"}, "12345678", m + m},
	}
	for _, tt := range tests {
		r := &steps.Redactor{}
		r.Add(tt.secrets...)
		if got := r.Text(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	var none *steps.Redactor
	if none.Text("moutarde") != "moutarde" || none.Event(steps.Event{Note: "n"}).Note != "n" {
		t.Error("no redactor changes nothing")
	}
}

// TestRedactorLeavesNothing: no secret, and no end of one that overlaps another, is left.
func TestRedactorLeavesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[ab]{4,6}`), 1, 4).Draw(t, "secrets")
		text := rapid.StringMatching(`[abc]{0,30}`).Draw(t, "text")
		r := &steps.Redactor{}
		r.Add(secrets...)
		hidden := make([]bool, len(text))
		for _, s := range secrets {
			for i := range text {
				if strings.HasPrefix(text[i:], s) {
					for j := range s {
						hidden[i+j] = true
					}
				}
			}
		}
		var want strings.Builder
		for i := range text {
			if !hidden[i] {
				want.WriteByte(text[i])
			}
		}
		if got := strings.ReplaceAll(r.Text(text), steps.Masked, ""); got != want.String() {
			t.Errorf("%q without %q: %q, want %q", text, secrets, got, want.String())
		}
	})
}

func TestRedactorEvent(t *testing.T) {
	t.Parallel()
	r := &steps.Redactor{}
	r.Add("moutarde")
	in := steps.Event{
		Command: "moutarde", Summary: "moutarde", Note: "moutarde", Failure: &steps.Failure{Cause: "moutarde"},
		Values: map[string]string{"a": "moutarde"},
	}
	out := r.Event(in)
	if text := fmt.Sprintf("%+v %+v", out, *out.Failure); strings.Contains(text, "moutarde") {
		t.Error(text)
	}
	if in.Failure.Cause != "moutarde" || in.Values["a"] != "moutarde" {
		t.Error("the event that was given has changed")
	}
}

func TestRedactorConcurrency(t *testing.T) {
	t.Parallel()
	r := &steps.Redactor{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				secret := fmt.Sprintf("secret-%d-%d", i, j)
				r.Add(secret)
				if got := r.Text("<" + secret + ">"); got != "<"+steps.Masked+">" {
					t.Errorf("%s right after it was added: %s", secret, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestRedactorOpen(t *testing.T) {
	t.Parallel()
	r := &steps.Redactor{}
	if n := r.Open("mout"); n != 0 {
		t.Errorf("no secrets, and %d bytes of one", n)
	}
	r.Add("moutarde", "tartare", "xmout")
	for s, want := range map[string]int{
		"": 0, "the m": 1, "the mout": 4, "moutarde": 0, "moutarde mou": 3, "moutar": 6, "moutart": 4, "tartar": 6, "x": 1, "xmout": 5, "axmoutx": 1,
	} {
		if n := r.Open(s); n != want {
			t.Errorf("%q: %d, not %d", s, n, want)
		}
	}
}

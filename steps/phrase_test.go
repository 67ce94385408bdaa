package steps

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// dictionary is a language of a few texts.
type dictionary map[string]string

func (d dictionary) Has(key string) bool { _, ok := d[key]; return ok }

func (d dictionary) T(key string, pairs ...string) string {
	var old []string
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(old...).Replace(d[key])
}

func (d dictionary) N(key string, n int, pairs ...string) string {
	if n == 1 {
		return d.T(key+".one", append(pairs, "n", "1")...)
	}
	return d.T(key+".other", append(pairs, "n", fmt.Sprint(n))...)
}

var latin = dictionary{
	"cause.of": "{subject} : {text}", "cause.quota": "quota exhausta", "cause.boot": "creare {name}", "cause.lost": "filum ruptum",
	"cause.waited": "{why} (post {time})", "cause.late": "non post {time}", "cause.dial": "ad {address}", "cause.refused": "recusatum",
	"cause.step": "«{step}»", "cause.branch": "{hop} in {branch}", "cause.hung-up": "abiit", "cause.no-file": "deest", "cause.get": "pete {url}", "cause.no-name": "nemo {name}",
	"told.changed.one": "mutatio una", "told.changed.other": "{n} mutationes", "told.here": "hic",
	"why.internal": "culpa nostra: {cause}", "why.quota": "plenum: {cause}", "why.check": "nondum: {cause}",
}

// speaks is an error with a text in other languages.
type speaks struct {
	text, key string
	pairs     []string
	why       error
}

func (s *speaks) Error() string                           { return s.text }
func (s *speaks) Said() (key string, p []string, _ error) { return s.key, s.pairs, s.why }

func TestExplain(t *testing.T) {
	t.Parallel()
	quota := &speaks{text: "quota exceeded", key: "cause.quota"}
	lost := &speaks{text: "connection lost", key: "cause.lost"}
	refused := &net.OpError{
		Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 4), Port: 22},
		Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
	title := func(id ID) string { return "Titulus " + string(id) }
	for _, x := range []struct {
		err  error
		want string
	}{
		{quota, "quota exhausta"},
		{fmt.Errorf("boot web-1: %w: cores: 4 of 4", quota), "boot web-1 : quota exhausta : cores: 4 of 4"},
		{&speaks{"boot web-1: quota exceeded: cores", "cause.boot", []string{"name", "web-1"}, fmt.Errorf("%w: cores", quota)}, "creare web-1 : quota exhausta : cores"},
		{fmt.Errorf("%w: %w", lost, io.EOF), "filum ruptum : abiit"},
		{fmt.Errorf("%w: %w", lost, refused), "filum ruptum : ad 10.0.0.4:22 : recusatum"},
		{Fail(FailUnreachable, "cause.get", "get {url}", "url", "http://x", refused), "pete http://x : ad 10.0.0.4:22 : recusatum"},
		{Within(Fail(FailCheck, "cause.branch", "{hop} is on branch {branch}", "hop", "w", "branch", "bz2"), "cause.step", "{step}", "step", ID("a")), "«Titulus a» : w in bz2"},
		{fmt.Errorf("%w: %w", lost, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere", IsNotFound: true}}), "filum ruptum : nemo nowhere"},
		{Within(errors.New("no idea"), "cause.step", "{step}", "step", ID("a")), "«Titulus a» : no idea"},
		{Failf(FailDisk, "write: %w", &os.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}), "write: open /x : deest"},
		{Failf(FailQuota, "no room"), "plenum: no room"},
		{fmt.Errorf("a: %w", Failf(FailQuota, "no room")), "plenum: a: no room"},
		{Fail(FailQuota, "cause.unheard", "never translated"), "plenum: never translated"},
		{errors.New("quota exceeded"), "quota exceeded"},
		{fmt.Errorf("the quota exceeded by %w2", quota), "the quota exceeded by quota exceeded2"}, // not a part by itself
	} {
		if got := Explain(x.err, latin, title); got != x.want {
			t.Errorf("%v: %q, not %q", x.err, got, x.want)
		}
	}
}

func TestFailureIn(t *testing.T) {
	t.Parallel()
	f := Fail(FailCheck, "cause.branch", "{hop} is on branch {branch}", "hop", "web-1", "branch", "{hop}")
	if f.Cause != "web-1 is on branch {hop}" { // a value is not a template
		t.Errorf("cause %q", f.Cause)
	}
	f.and("cause.waited", "{why} (waited {time})", "time", "8s")
	if want := "web-1 is on branch {hop} (waited 8s)"; f.Error() != want {
		t.Errorf("%q, not %q", f.Error(), want)
	}
	if got, want := f.In(latin, nil), "web-1 in {hop} (post 8s)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	late := Fail(FailTimeout, "cause.late", "not done after {time}", "time", "1m", f)
	if want := "non post 1m : web-1 in {hop} (post 8s)"; late.In(latin, nil) != want {
		t.Errorf("%q, not %q", late.In(latin, nil), want)
	}
	if got := (&Failure{Kind: "a kind of tomorrow", Cause: "x"}).In(latin, nil); got != "culpa nostra: x" {
		t.Errorf("%q", got)
	}
}

func TestSummed(t *testing.T) {
	t.Parallel()
	summed := func(key, sentence string, values ...any) Event {
		summary, said := Summed(key, sentence, values...)
		return Event{Summary: summary, Said: said}
	}
	for _, x := range []struct {
		e             Event
		english, want string
	}{
		{summed("told.changed", "{n} changed", "n", 1), "1 changed", "mutatio una"},
		{summed("told.changed", "{n} changed", "n", 3), "3 changed", "3 mutationes"},
		{summed("told.here", "here"), "here", "hic"},
		{summed("told.unheard", "never translated"), "never translated", "never translated"},
		{Event{Summary: "ACTIVE 10.0.0.4"}, "ACTIVE 10.0.0.4", "ACTIVE 10.0.0.4"},
	} {
		if got := x.e.In(latin); got != x.want || x.e.Summary != x.english {
			t.Errorf("%q, %q: not %q, %q", got, x.e.Summary, x.want, x.english)
		}
	}
}

// What is said of a failure is as safe as its cause: in the journal, and read from anybody's.
func TestPhrasesAreSafe(t *testing.T) {
	t.Parallel()
	r := &Redactor{}
	r.Add("sesame")
	f := Fail(FailCheck, "cause.branch", "{hop} is on branch {branch}", "hop", "open sesame", "branch", "b")
	f.Said = append(f.Said, Phrase{Text: "sesame too"})
	e := r.Event(Event{V: EventVersion, Type: StepFailed, Step: "a", Failure: f, Said: []Phrase{{Text: "sesame"}}})
	data, err := json.Marshal(e)
	if err != nil || strings.Contains(string(data), "sesame") {
		t.Errorf("%s, %v", data, err)
	}
	if f.Said[1].Text != "sesame too" || f.Said[0].Args["hop"] != "open sesame" {
		t.Error("the failure itself was changed")
	}
	back, ok := readEvent(data)
	if !ok || !reflect.DeepEqual(back.Failure.Said, e.Failure.Said) || !reflect.DeepEqual(back.Said, e.Said) {
		t.Errorf("read back %+v", back.Failure)
	}
	hostile := Event{V: EventVersion, Type: StepFailed, Failure: &Failure{Kind: FailCheck, Said: []Phrase{
		{Key: "cause.\x1b[2Jx", Args: map[string]string{"\x1b]0;t\a": "\x1b[2J", "a": "b\u202ec"}, Text: "\x1b]52;c;x\a"},
	}}}
	for range 100 {
		hostile.Failure.Said = append(hostile.Failure.Said, Phrase{Text: "x"})
	}
	for i := range 100 {
		hostile.Failure.Said[0].Args[fmt.Sprint("n", i)] = ""
	}
	if data, err = json.Marshal(hostile); err != nil {
		t.Fatal(err)
	}
	back, ok = readEvent(data)
	if !ok || len(back.Failure.Said) != maxPhrases || len(back.Failure.Said[0].Args) > maxArgs {
		t.Errorf("%t, %d phrases", ok, len(back.Failure.Said))
	}
	for _, p := range back.Failure.Said {
		all := p.Key + p.Text
		for name, value := range p.Args {
			all += name + value
		}
		if strings.ContainsAny(all, "\x1b\a\u202e") {
			t.Errorf("%q drives a terminal", all)
		}
	}
	old, ok := readEvent([]byte(`{"v":1,"seq":1,"at":"2026-01-01T00:00:00Z","type":"step.failed","step":"a","failure":{"kind":"quota","cause":"no room"}}`))
	if !ok || old.Failure.In(latin, nil) != "plenum: no room" {
		t.Errorf("an old event: %+v", old.Failure)
	}
}

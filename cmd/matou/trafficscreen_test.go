//go:build unix

package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestBrowse plays the workshop to its end, looks at who answers, and goes to the site and to haproxy's
// statistics as a browser does: through ports of this machine that end with the console. A second console,
// which may only look on, shows who answers too, until the first one's sandbox is gone.
func TestBrowse(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	t.Parallel()
	state := t.TempDir()
	if out, err := program(t, state, "play", "--pace", "instant", "--until", "bonus").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still", "--step", "bonus"))
	s.sees("Bonus")
	s.press("\x1b[Z") // shift+tab
	s.sees("Your turn!")
	s.press("\x1b[Z")
	for _, text := range []string{"The load balancer", "a web-01 ", "d web-01-3", "L4OK", "4 up"} {
		s.sees(text)
	}
	s.press("B")
	text := s.until("the links", func(text string) bool {
		return strings.Count(text, "http://127.0.0.1:") >= 2 && strings.Contains(text, "y copies")
	})
	links := regexp.MustCompile(`(?m)^│ (?:Browser|haproxy) (http://127\.0\.0\.1:\d+/)`).FindAllStringSubmatch(text, -1)
	if len(links) != 2 {
		t.Fatalf("%v in\n%s", links, text)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	get := func(url string) (string, error) {
		resp, err := client.Get(url)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	for i, want := range []string{"Bonjour de web-01", "Statistics Report for HAProxy"} {
		if body, err := get(links[i][1]); err != nil || !strings.Contains(body, want) {
			t.Errorf("%s: %q, %v", links[i][1], body, err)
		}
	}
	second := newScreen(t, 80, 24, program(t, state, "--pace", "instant", "--still", "--step", "bonus"))
	second.sees("read only")
	second.press("\x1b[Z")
	second.sees("Your turn!")
	second.press("\x1b[Z")
	for _, text := range []string{"a web-01 ", "d web-01-3", "4 up"} {
		second.sees(text)
	}
	s.press("q")
	<-s.done
	second.sees("leave this one, and start it again")
	second.press("q")
	<-second.done
	if s.err != nil {
		t.Errorf("the end: %v", s.err)
	}
	for _, link := range links {
		if body, err := get(link[1]); err == nil {
			t.Errorf("%s after the end: %q", link[1], body)
		}
	}
}

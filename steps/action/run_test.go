package action

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
	"pgregory.net/rapid"

	"matou/steps"
)

// words are what a shell makes of a command line that is one simple command.
func words(line string) ([]string, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	if err != nil {
		return nil, err
	}
	if len(file.Stmts) != 1 {
		return nil, errors.New("more than one command")
	}
	command, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(command.Assigns) > 0 {
		return nil, errors.New("no simple command")
	}
	return expand.Fields(&expand.Config{NoUnset: true}, command.Args...)
}

// TestQuoting: a value reaches the shell as one word, whatever is in it.
func TestQuoting(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	box := s.hosts.host("box")
	check := func(value string) error {
		s.in.Vars["value"] = value
		if _, err := s.run("ssh.run", texts("hop", "box", "command", "printf %s ${value} end")); err != nil {
			return err
		}
		got, err := words(box.ran[len(box.ran)-1])
		if want := strings.ReplaceAll(value, "\x00", ""); err != nil || len(got) != 4 || got[2] != want || got[3] != "end" {
			return errors.Join(err, errors.New(strings.Join(got, " | ")))
		}
		return nil
	}
	for _, value := range []string{"'; rm -rf /", "$(reboot)", "`reboot`", "a b", "", "*", "~root", "#", "a\nb", "\\", "é", "\x01\x7f", "a=b", "${IFS}", "'\"'", "-n", "if"} {
		if err := check(value); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringMatching("['\"\\\\$`; \n\t()&|<>*?~#!{}=-]{0,12}")).Draw(t, "value")
		value = strings.ReplaceAll(value, "\r", "") // the parser here takes \r\n for \n; a shell does not
		if err := check(value); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
	})
	s.in.Vars["value"] = "'; rm -rf /"
	for kind, with := range map[string]map[string]steps.Value{
		"git.checkout": texts("hop", "box", "repo", "${value}", "branch", "${value}"),
		"git.diff":     texts("hop", "box", "repo", "${value}", "from", "${value}", "to", "${value}", "path", "${value}"),
		"git.branch":   texts("hop", "box", "repo", "${value}", "match", ".*"),
	} {
		before := len(box.ran)
		s.good(kind, with)
		for _, line := range box.ran[before:] {
			for _, part := range strings.Split(line, " && ") {
				got, err := words(part)
				if err != nil || strings.Contains(part, "rm") && !strings.Contains(strings.Join(got, "\x00"), "\x00'; rm -rf /") {
					t.Errorf("%s: %s: %q, %v", kind, line, got, err)
				}
			}
		}
	}
}

func TestSSHRun(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	box := s.hosts.host("box")
	box.replies["hostname"] = []reply{{lines: []string{"puppet-07", ""}}}
	r := s.good("ssh.run", texts("hop", "box", "command", "hostname", "match", "^puppet"))
	if r.Values["output"] != "puppet-07" || r.Values["exit"] != "0" || r.Summary != "puppet-07" || s.out.text() != "box: puppet-07\nbox: " {
		t.Errorf("%+v\n%s", r, s.out.text())
	}
	s.bad("ssh.run", texts("hop", "box", "command", "hostname", "match", "^web"), steps.FailCheck)
	box.replies["crontab"] = []reply{{exit: 1, lines: []string{"no crontab for root"}}}
	if why := s.bad("ssh.run", texts("hop", "box", "command", "crontab -l"), steps.FailExit); why != "box: crontab -l: exit 1: no crontab for root" {
		t.Error(why)
	}
	with := texts("hop", "box", "command", "crontab -l")
	with["exit"] = steps.Value{List: []string{"0", "1"}}
	if r := s.good("ssh.run", with); r.Values["exit"] != "1" {
		t.Errorf("%+v", r)
	}
	box.replies["cut"] = []reply{{err: steps.Failf(steps.FailLost, "the line dropped")}}
	s.bad("ssh.run", texts("hop", "box", "command", "cut"), steps.FailLost)
	box.replies["flood"] = []reply{{lines: slicesRepeat(strings.Repeat("x", 1000), 1000)}}
	if r := s.good("ssh.run", texts("hop", "box", "command", "flood")); len(r.Values["output"]) > outputKept+2000 {
		t.Errorf("%d bytes of a flood are kept", len(r.Values["output"]))
	}
	s.bad("no.kind", nil, steps.FailInternal)
}

func slicesRepeat(s string, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = s
	}
	return lines
}

// What puppet prints, coloured even into a pipe.
var (
	down    = reply{exit: 1, lines: []string{"\x1b[1;31mError: Request to https://puppet:8140/puppet/v3 failed after 0.001 seconds: Failed to open TCP connection to puppet:8140 (Connection refused - connect(2) for \"puppet\" port 8140)\x1b[0m"}}
	gone    = reply{err: steps.Failf(steps.FailLost, "box: the command is gone, and nobody knows how it ended")}
	busy    = reply{exit: 1, lines: []string{"\x1b[mNotice: Run of Puppet configuration client already in progress; skipping  (/opt/puppetlabs/puppet/cache/state/agent_catalog_run.lock exists)\x1b[0m"}}
	changes = reply{exit: 2, lines: []string{
		"\x1b[0;32mInfo: Applying configuration version '1'\x1b[0m",
		"\x1b[mNotice: /Stage[main]/Main/Node[web]/Package[python3-flask]/ensure: created\x1b[0m",
		"\x1b[mNotice: /Stage[main]/Main/Exec[start]/returns: Serving Flask app\x1b[0m",
		"\x1b[mNotice: /Stage[main]/Main/Exec[start]/returns: executed successfully\x1b[0m",
		"\x1b[mNotice: Applied catalog in 2.13 seconds\x1b[0m",
	}}
	failures = reply{exit: 6, lines: []string{
		"\x1b[mNotice: /Stage[main]/Main/File[/x]/ensure: created\x1b[0m",
		"\x1b[1;31mError: /Stage[main]/Main/Package[nope]/ensure: change from 'purged' to 'present' failed: no such package\x1b[0m",
		"\x1b[mNotice: /Stage[main]/Main/Exec[start]: Dependency Package[nope] has failures: true\x1b[0m",
		"\x1b[0;33mWarning: /Stage[main]/Main/Exec[start]: Skipping because of failed dependencies\x1b[0m",
	}}
)

func TestPuppetAgent(t *testing.T) {
	on := map[string]steps.Value{"hops": {List: []string{"box"}}}
	tests := []struct {
		name            string
		replies         []reply
		tries           string
		fail            string // kind
		says            string
		exit, changed   string
		took            time.Duration
		ran             int
		changedReported bool
	}{
		{"nothing to do", []reply{{exit: 0}}, "", "", "0 changed", "0", "0", 0, 1, false},
		{"changes", []reply{changes}, "", "", "2 changed", "2", "2", 0, 1, true},
		{"cron's run is under way", []reply{busy, busy, changes}, "", "", "2 changed", "2", "2", 2 * time.Second, 3, true},
		{"the master starts", []reply{down, down, changes}, "", "", "2 changed", "2", "2", 2 * time.Second, 3, true},
		{"the master is down", []reply{down}, "3", steps.FailPuppet, "box: puppet agent: exit 1", "", "", 2 * time.Second, 3, false},
		{"the host died under it", []reply{gone, changes}, "", "", "2 changed", "2", "2", 0, 2, true},
		{"the host dies again and again", []reply{gone}, "", steps.FailLost, "nobody knows", "", "", 0, 2, false},
		{"cron's run never ends", []reply{busy}, "3", steps.FailPuppet, "box: puppet agent: exit 1", "", "", 2 * time.Second, 3, false},
		{"no master", []reply{{exit: 1, lines: []string{"\x1b[1;31mError: Could not request certificate: no route to host\x1b[0m"}}}, "", steps.FailPuppet, "box: puppet agent: exit 1: Could not request certificate: no route to host", "", "", 0, 1, false},
		{"failures", []reply{{exit: 4, lines: failures.lines[1:2]}}, "", steps.FailPuppet, "box: puppet agent: exit 4, 1 failed: /Stage[main]/Main/Package[nope]/ensure: change from 'purged' to 'present' failed: no such package", "", "", 0, 1, false},
		{"both", []reply{failures}, "", steps.FailPuppet, "box: puppet agent: exit 6, 1 failed", "", "", 0, 1, false},
		{"a failed run that speaks of another", []reply{{exit: 4, lines: []string{"apt: already in progress"}}}, "", steps.FailPuppet, "exit 4", "", "", 0, 1, false},
		{"lost", []reply{{err: steps.Failf(steps.FailLost, "gone")}}, "", steps.FailLost, "gone", "", "", 0, 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t)
				s.hosts.host("box").replies["puppet agent -t -v"] = tt.replies
				with := map[string]steps.Value{"hops": on["hops"], "tries": {Text: tt.tries}}
				began := time.Now()
				if tt.fail != "" {
					if why := s.bad("puppet.agent", with, tt.fail); !strings.Contains(why, tt.says) || strings.Contains(why, "\x1b") {
						t.Errorf("%q", why)
					}
				} else if r := s.good("puppet.agent", with); r.Summary != tt.says || r.Values["exit"] != tt.exit || r.Values["changed"] != tt.changed || r.Changed != tt.changedReported {
					t.Errorf("%+v", r)
				}
				if took := time.Since(began); took != tt.took || len(s.hosts.host("box").ran) != tt.ran {
					t.Errorf("%s, %d runs", took, len(s.hosts.host("box").ran))
				}
			})
		})
	}
}

// Who waits for cron's run, or for the master, is told so, in the language of the console.
func TestPuppetAgentTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.hosts.host("box").replies["puppet agent"] = []reply{busy, down, changes}
		s.good("puppet.agent", map[string]steps.Value{"hops": {List: []string{"box"}}, "tries": {Text: "4"}})
		want := []steps.Phrase{
			steps.Doing("doing.cron", "hop", "box", "try", 1, "tries", 4),
			{},
			steps.Doing("doing.puppetserver", "hop", "box", "try", 2, "tries", 4),
			{},
		}
		if !reflect.DeepEqual(s.out.status, want) {
			t.Errorf("%v", s.out.status)
		}
	})
}

func TestPuppetAgentOnSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.hosts.host("box").replies["puppet agent"] = []reply{changes}
		s.hosts.host("jump").replies["puppet agent"] = []reply{busy, {exit: 0}}
		both := map[string]steps.Value{"hops": {List: []string{"box", "jump"}}}
		if r := s.good("puppet.agent", both); r.Values["exit"] != "2" || r.Values["changed"] != "2" {
			t.Errorf("%+v", r)
		}
		s.hosts.host("jump").replies["puppet agent"] = []reply{busy}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := s.runIn(ctx, "puppet.agent", both); failure(err) != steps.FailTimeout {
			t.Errorf("a busy agent when the time is over: %v", err)
		}
	})
}

func TestGit(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	box := s.hosts.host("box")
	repo := func(pairs ...string) map[string]steps.Value {
		return texts(append([]string{"hop", "box", "repo", "/etc/code"}, pairs...)...)
	}
	box.replies["--short HEAD"] = []reply{{lines: []string{"abc1234"}}}
	if r := s.good("git.checkout", repo("branch", "bz2")); r.Values["branch"] != "bz2" || r.Values["commit"] != "abc1234" || box.ran[0] != "cd /etc/code && git checkout bz2" {
		t.Errorf("%+v, %q", r, box.ran)
	}
	box.replies["git checkout bz3"] = []reply{{exit: 1, lines: []string{"error: Your local changes to the following files would be overwritten by checkout:", "\tmanifests/site.pp", "Aborting"}}}
	if why := s.bad("git.checkout", repo("branch", "bz3"), steps.FailExit); !strings.Contains(why, "manifests/site.pp") {
		t.Error(why)
	}
	box.replies["git checkout bz9"] = []reply{{exit: 1, lines: []string{"error: pathspec 'bz9' did not match"}}}
	s.bad("git.checkout", repo("branch", "bz9"), steps.FailExit)

	box.replies["--abbrev-ref"] = []reply{{lines: []string{"bz2"}}}
	if r := s.good("git.branch", repo("match", "^bz[2-5]$")); r.Values["branch"] != "bz2" {
		t.Errorf("%+v", r)
	}
	if why := s.bad("git.branch", repo("match", "^bz[3-5]$"), steps.FailCheck); why != "box is on branch bz2" {
		t.Error(why)
	}
	byHand := repo("match", "^bz[3-5]$", "path", "site.pp", "has", `^\s*vcsrepo`)
	box.files["/etc/code/site.pp"] = "node x {\n  vcsrepo { 'y': }\n}\n"
	if r := s.good("git.branch", byHand); r.Values["branch"] != "bz2 *" {
		t.Errorf("what the branch brings, written by hand: %+v", r)
	}
	box.files["/etc/code/site.pp"] = "node x {\n  # vcsrepo\n}\n"
	if why := s.bad("git.branch", byHand, steps.FailCheck); why != "box is on branch bz2" {
		t.Error(why)
	}
	box.replies["--abbrev-ref"] = []reply{{exit: 128, lines: []string{"fatal: not a git repository"}}}
	s.bad("git.branch", repo("match", "x"), steps.FailExit)

	box.replies["git diff"] = []reply{{lines: []string{"+include python"}}}
	if r := s.good("git.diff", repo("from", "bz1", "to", "bz2", "path", "manifests/site.pp")); r.Summary != "bz1..bz2" || !strings.Contains(s.out.text(), "+include python") {
		t.Errorf("%+v", r)
	}
	box.replies["git diff"] = []reply{{exit: 128, lines: []string{"fatal: bad revision 'bz1'"}}}
	s.bad("git.diff", repo("from", "bz1", "to", "bz2"), steps.FailExit)
}

// through makes a hop reach every address at one listener, and notes what was asked for.
func through(s *stand, address string) *[]string {
	asked := &[]string{}
	s.hosts.host("jump").dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		*asked = append(*asked, addr)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return asked
}

func TestHTTPGet(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			_, _ = w.Write([]byte("Bonjour de web-07\n\n /\\_/\\\n"))
		case "/moved":
			http.Redirect(w, r, "http://nowhere.invalid/", http.StatusFound)
		case "/big":
			_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	s := newStand(t)
	asked := through(s, server.Listener.Addr().String())
	get := func(path string, pairs ...string) map[string]steps.Value {
		return texts(append([]string{"url", "http://10.0.0.9:5000" + path, "via", "jump"}, pairs...)...)
	}
	r := s.good("http.get", get("/", "match", "^Bonjour de web-07$", "contains", "_"))
	if r.Values["status"] != "200" || r.Summary != "200 OK" || len(*asked) != 1 || (*asked)[0] != "10.0.0.9:5000" {
		t.Errorf("%+v, %q", r, *asked)
	}
	s.bad("http.get", get("/", "match", "web-08"), steps.FailCheck)
	s.bad("http.get", get("/", "contains", "web-08"), steps.FailCheck)
	s.bad("http.get", get("/down"), steps.FailCheck)
	s.bad("http.get", get("/moved"), steps.FailCheck)
	down := get("/down")
	down["status"] = steps.Value{List: []string{"200", "503"}}
	s.good("http.get", down)
	if r := s.good("http.get", get("/big")); len(r.Values["body"]) != bodyLimit {
		t.Errorf("%d bytes of a large page", len(r.Values["body"]))
	}
	s.good("http.get", texts("url", server.URL+"/"))                                                    // from here
	s.bad("http.get", texts("url", "http://a b/"), steps.FailValue)                                     // no URL
	s.bad("http.get", texts("url", "http://10.0.0.9/", "via", "box", "match", "${x}"), steps.FailValue) // no value

	through(s, "127.0.0.1:1") // where nobody listens
	s.bad("http.get", get("/"), steps.FailUnreachable)
	s.bad("tcp.open", texts("address", "127.0.0.1:1"), steps.FailUnreachable)
}

// TestEmptyReply: a load balancer without a backend takes the connection and says nothing.
func TestEmptyReply(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096)) // the request; nothing is left unread, so that the end is an end
			_ = conn.Close()
		}
	}()
	s := newStand(t)
	through(s, l.Addr().String())
	if why := s.bad("http.get", texts("url", "http://10.0.0.2/", "via", "jump"), steps.FailCheck); !strings.Contains(why, "empty reply") {
		t.Error(why)
	}
	s.good("tcp.open", texts("address", "10.0.0.2:80", "via", "jump"))
}

func TestTally(t *testing.T) {
	t.Parallel()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		if n%4 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte([]string{"Bonjour de web-1", "Bonjour de web-2", "nobody", "Bonjour de web-3"}[n%4]))
	}))
	defer server.Close()
	s := newStand(t)
	asked := through(s, server.Listener.Addr().String())
	tally := func(distinct, match string) map[string]steps.Value {
		n = 0
		return texts("url", "http://10.0.0.2/", "via", "jump", "requests", "8", "distinct", distinct, "match", match)
	}
	r := s.good("http.tally", tally("2", `Bonjour de ([a-z0-9-]+)`))
	if r.Values["answers"] != "? ×4, web-2 ×2, web-3 ×2" || len(*asked) != 8 {
		t.Errorf("%+v, %d connections", r, len(*asked))
	}
	if why := s.bad("http.tally", tally("3", `Bonjour de ([a-z0-9-]+)`), steps.FailCheck); !strings.HasPrefix(why, "2 of 3 servers answered: ") {
		t.Error(why)
	}
	if r := s.good("http.tally", tally("2", `web-.`)); r.Summary != "? ×4, web-2 ×2, web-3 ×2" {
		t.Errorf("without a group: %+v", r)
	}
	bad := tally("2", "x")
	bad["requests"] = steps.Value{Text: "many"}
	s.bad("http.tally", bad, steps.FailValue)
}

func TestHolds(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	check := func(name, command string) steps.Action {
		return steps.Action{Name: name, Kind: "ssh.run", With: texts("hop", "box", "command", command)}
	}
	s.w.Steps = []steps.Step{
		{ID: "one", Checks: []steps.Action{check("first", "true"), check("second", "uptime")}},
		{ID: "two", Checks: []steps.Action{check("third", "flaky")}},
		{ID: "all"},
	}
	s.in.Step = "all"
	holds := func(ids ...string) map[string]steps.Value { return map[string]steps.Value{"steps": {List: ids}} }
	if r := s.good("workshop.holds", holds("one", "two")); r.Summary != "3 ✓" || !strings.Contains(s.out.text(), "✓ one: uptime") {
		t.Errorf("%+v\n%s", r, s.out.text())
	}
	s.hosts.host("box").replies["flaky"] = []reply{{exit: 3}}
	if why := s.bad("workshop.holds", holds("one", "two"), steps.FailExit); !strings.HasPrefix(why, "two: ") {
		t.Error(why)
	}
	_, err := s.run("workshop.holds", holds("one", "two"))
	if f := (*steps.Failure)(nil); !errors.As(err, &f) || f.Broken != "two" {
		t.Errorf("%#v does not name the broken step", err)
	}
	s.bad("workshop.holds", holds("all"), steps.FailValue)
	s.bad("workshop.holds", holds("three"), steps.FailValue)
}

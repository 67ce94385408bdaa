package host

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"matou/cloud/sandbox/fault"
)

func TestCrontabLines(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct {
		line string
		when string
		runs bool
	}{
		{"* * * * * x", "2026-11-22 18:34", true},
		{"*/5 * * * * x", "2026-11-22 18:35", true},
		{"*/5 * * * * x", "2026-11-22 18:36", false},
		{"1-3,10 18 * * * x", "2026-11-22 18:10", true},
		{"0 0 13 * 5 x", "2026-11-13 00:00", true},
		{"0 0 13 * 5 x", "2026-11-20 00:00", true},
		{"0 0 13 * 5 x", "2026-11-21 00:00", false},
		{"0 0 * * 7 x", "2026-11-22 00:00", true},
		{"@hourly x", "2026-11-22 18:00", true},
		{"10/20 * * * * x", "2026-11-22 18:50", true},
	} {
		jobs, err := parseCrontab("root", tt.line)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%s: %v, %v", tt.line, jobs, err)
		}
		if got := jobs[0].match(at(tt.when)); got != tt.runs {
			t.Errorf("%s at %s: %v", tt.line, tt.when, got)
		}
	}
	for _, bad := range []string{"* * * *", "60 * * * * x", "* 24 * * * x", "a * * * * x", "5-1 * * * * x", "*/0 * * * * x", "@never x"} {
		if _, err := parseCrontab("root", bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
	jobs, err := parseCrontab("root", "# c\nMAILTO=x\n\n0 1 * * * echo  a%b \\% c\n")
	if err != nil || len(jobs) != 1 || jobs[0].command != "echo  a" {
		t.Errorf("%+v, %v", jobs, err)
	}
}

func TestCronRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
		c.Pace = 0.5
		h := boot(t, c)
		must(t, h, `echo '* * * * * echo run >> /root/runs' | crontab -`)
		time.Sleep(100 * time.Second) // three half minutes and a bit
		synctest.Wait()
		if got := must(t, h, "grep -c run /root/runs; grep -c 'CMD (echo run' /var/log/syslog"); got != "3\n3\n" {
			t.Errorf("runs: %q", got)
		}
		must(t, h, "crontab -r")
		time.Sleep(100 * time.Second)
		synctest.Wait()
		if got := must(t, h, "grep -c run /root/runs"); got != "3\n" {
			t.Errorf("runs without a table: %q", got)
		}
	})
}

// TestCronSkip: a fault keeps cron from running a line that is due.
func TestCronSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testConfig(t, "web-1", "ubuntu", "10.0.0.11")
		faults, err := fault.New(fault.Rule{At: fault.CronSkip, Match: "^web-1 echo skipped", Count: 2})
		if err != nil {
			t.Fatal(err)
		}
		c.Pace, c.Faults = 1, faults
		h := boot(t, c)
		must(t, h, `printf '%s\n' '* * * * * echo skipped >> /root/runs' '* * * * * echo run >> /root/runs' | crontab -`)
		time.Sleep(200 * time.Second)
		synctest.Wait()
		if got := must(t, h, "grep -c skipped /root/runs; grep -c run /root/runs"); got != "1\n3\n" {
			t.Errorf("runs: %q", got)
		}
	})
}

func FuzzCrontab(f *testing.F) {
	f.Add("*/5 1-3,7 * * 1-5 echo\n@daily x\nA=b\n")
	f.Fuzz(func(t *testing.T, text string) {
		jobs, _ := parseCrontab("root", text)
		for _, j := range jobs {
			j.match(time.Unix(1457644881, 0))
		}
	})
}

func TestCloudConfig(t *testing.T) {
	t.Parallel()
	c, err := parseCloudConfig([]byte(`#cloud-config
hostname: web-9
password: secret
chpasswd:
  list: |
    a:one
    b:two
runcmd:
  - echo plain
  - [echo, "it's", two words]
write_files:
  - {path: /a, content: aGVsbG8K, encoding: b64}
  - {path: /b, content: !!binary H4sIAAAAAAAA/8tIzcnJ5wIAIDA6NgYAAAA=, encoding: gz}
unknown: 1
`))
	if err != nil {
		t.Fatal(err)
	}
	p := c.passwords()
	if p["a"] != "one" || p["b"] != "two" || p[""] != "secret" {
		t.Errorf("passwords: %v", p)
	}
	if got := strings.Join(script(c.Runcmd), "|"); got != `echo plain|'echo' 'it'\''s' 'two words'` {
		t.Errorf("runcmd: %s", got)
	}
	if data, err := c.WriteFiles[0].data(); string(data) != "hello\n" {
		t.Errorf("b64: %q, %v", data, err)
	}
	if _, err := (cloudFile{Path: "/x", Content: "no base64!", Encoding: "gz+b64"}).data(); err == nil {
		t.Error("bad encoding accepted")
	}
}

func FuzzCloudConfig(f *testing.F) {
	f.Add([]byte("#cloud-config\nruncmd: [[a, b], c]\nchpasswd: {users: [{name: a, password: b}]}\nwrite_files: [{path: /x, encoding: gz+b64, content: H4s}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, _ := parseCloudConfig(data)
		c.passwords()
		script(c.Runcmd)
		for _, w := range c.WriteFiles {
			_, _ = w.data()
		}
	})
}

//go:build unix

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"matou/assets"
)

// BenchmarkSpeed measures what a person at a terminal of 120x36 sees of the real program: it builds
// it, runs it on a pty, answers what it asks the terminal, and stamps each read. What has something
// to compare with is measured against it in turn, and the ratio of the two reported: it says more
// than times do on a machine that has other work.
//
//	go test ./cmd/matou -run '^$' -bench Speed -benchtime 10x
//
// The metrics: ms is a median and p99-ms the worst of a hundred; B is what the terminal is sent.
func BenchmarkSpeed(b *testing.B) {
	path := filepath.Join(b.TempDir(), "matou")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	bench := &bench{path: path, workshop: benchWorkshop(b)}
	b.Run("start", bench.start)
	b.Run("slide", func(b *testing.B) { bench.slide(b, "") })
	b.Run("slide-50-lines", func(b *testing.B) { bench.slide(b, "log50") })
	b.Run("slide-5000-lines", func(b *testing.B) { bench.slide(b, "log5000") })
	b.Run("idle-cat", func(b *testing.B) { bench.idle(b, "") })
	b.Run("idle-no-cat", func(b *testing.B) { bench.idle(b, "", "--no-cat") })
	b.Run("idle-cat-50-lines", func(b *testing.B) { bench.idle(b, "log50") })
	b.Run("flood", bench.flood)
}

// bench is what the measurements have in common.
type bench struct {
	path, workshop string
	quiet          float64 // ms: the median of a slide key when nothing logs
}

// silent is a terminal that answers nothing.
const silent = time.Duration(-1)

// benchLine is a line of log as web servers write them.
const benchLine = `Nov 22 20:00:00 web-07 \033[32mpuppet-agent[311]\033[0m: (/Stage[main]/Main/Node[web]/File[/etc/thing]/ensure) \033[1;31mcreated\033[0m\n`

// logged is on the screen when such a line is, however it wraps; the part of the command that shows has it not.
const logged = "created"

const floodLines, floodEnd = 200_000, "Q9Y8X7W6"

// benchWorkshop is ours with three steps more: logs that come slowly, quickly, and all at once.
func benchWorkshop(b *testing.B) string {
	b.Helper()
	files, err := assets.Workshop("web-cloud-puppet")
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), "bench")
	if err := os.CopyFS(dir, files); err != nil {
		b.Fatal(err)
	}
	steps := ""
	for _, s := range []struct{ id, command string }{
		{"log50", "while true; do cat /tmp/one; sleep 0.02; done"},
		{"log5000", "while true; do cat /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten /tmp/ten; sleep 0.02; done"},
		{"flood", "for i in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/ten >> /tmp/hundred; done; for i in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/hundred >> /tmp/thousand; done; " +
			"for i in " + strings.TrimSpace(strings.Repeat("1 ", floodLines/1000)) + "; do cat /tmp/thousand; done; echo " + floodEnd + "; sleep 60"},
	} {
		steps += fmt.Sprintf(`
  - id: %s
    title: {fr: %[1]s, en: %[1]s}
    slides: [title]
    panes: [log]
    actions:
      - name: log
        kind: ssh.run
        with:
          hop: jumphost
          command: |
            printf '%s' > /tmp/one; for i in 1 2 3 4 5 6 7 8 9 10; do cat /tmp/one >> /tmp/ten; done; %s
    checks:
      - name: never asked for
        kind: ssh.run
        with: {hop: jumphost, command: "true"}
`, s.id, benchLine, s.command)
	}
	file, err := os.OpenFile(filepath.Join(dir, "workshop.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	_, err = file.WriteString(steps)
	if err = cmp.Or(err, file.Close()); err != nil {
		b.Fatal(err)
	}
	return dir
}

// watched is the program at a terminal that stamps what it reads.
type watched struct {
	b     *testing.B
	cmd   *exec.Cmd
	pty   *os.File
	began time.Time
	reads chan read
	term  *vt.Emulator
	sent  int // bytes
}

type read struct {
	at   time.Time
	data []byte
}

// run starts the program. Answers come after a while, as from a terminal far away.
func (m *bench) run(b *testing.B, answers time.Duration, args ...string) *watched {
	b.Helper()
	state := b.TempDir()
	cmd := exec.CommandContext(b.Context(), m.path, append([]string{"--sandbox", "--state", state, "--workshop", m.workshop}, args...)...)
	cmd.Env = []string{"HOME=" + state, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=en_GB.UTF-8"}
	w := &watched{b: b, cmd: cmd, reads: make(chan read, 1<<12), term: vt.NewEmulator(120, 36), began: time.Now()}
	go func() { _, _ = io.Copy(io.Discard, w.term) }() // what it answers is answered below
	var err error
	if w.pty, err = pty.StartWithSize(cmd, &pty.Winsize{Cols: 120, Rows: 36}); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(w.reads)
		for {
			buf := make([]byte, 64<<10)
			n, err := w.pty.Read(buf)
			if err != nil {
				return
			}
			now := time.Now()
			if reply := answer(buf[:n]); reply != "" && answers != silent {
				time.AfterFunc(answers, func() { _, _ = w.pty.WriteString(reply) })
			}
			w.reads <- read{now, buf[:n]}
		}
	}()
	return w
}

// answer is what a terminal says to what it is asked: modes (DECRQM), its ground (OSC 11).
func answer(asked []byte) string {
	reply := ""
	for _, a := range [][2]string{
		{"\x1b[?2026$p", "\x1b[?2026;2$y"}, {"\x1b[?2027$p", "\x1b[?2027;2$y"}, {"\x1b]11;?", "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\"},
	} {
		if bytes.Contains(asked, []byte(a[0])) {
			reply += a[1]
		}
	}
	return reply
}

// until reads until the screen is as wanted, and tells when that was.
func (w *watched) until(what string, want func(screen string) bool) time.Time {
	w.b.Helper()
	limit := time.After(60 * time.Second)
	for {
		select {
		case r, ok := <-w.reads:
			if !ok {
				w.b.Fatalf("waiting for %s: the program ended:\n%s", what, w.term.String())
			}
			w.sent += len(r.data)
			_, _ = w.term.Write(r.data)
			if want(w.term.String()) {
				return r.at
			}
		case <-limit:
			w.b.Fatalf("waiting for %s:\n%s", what, w.term.String())
		}
	}
}

func (w *watched) sees(text string) time.Time {
	w.b.Helper()
	return w.until(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// rest reads for a while whatever comes, and counts it.
func (w *watched) rest(d time.Duration) (sent int) {
	before, limit := w.sent, time.After(d)
	for {
		select {
		case r, ok := <-w.reads:
			if !ok {
				return w.sent - before
			}
			w.sent += len(r.data)
			_, _ = w.term.Write(r.data)
		case <-limit:
			return w.sent - before
		}
	}
}

func (w *watched) press(keys string) time.Time {
	w.b.Helper()
	now := time.Now()
	if _, err := w.pty.WriteString(keys); err != nil {
		w.b.Fatal(err)
	}
	return now
}

// log begins one of the steps that log, and waits for its first lines.
func (w *watched) log(step string) {
	w.b.Helper()
	if step == "" {
		return
	}
	w.press("\r")
	w.until("a host key to accept, or lines", func(screen string) bool {
		return strings.Contains(screen, firstVisit) || strings.Contains(screen, logged)
	})
	if strings.Contains(w.term.String(), firstVisit) {
		w.rest(300 * time.Millisecond) // a dialog takes no keys in its first moment
		w.press("y")
		w.sees(logged)
	}
	w.press("\x1b[H") // the steps are all on the first slide
}

// end kills the program, and tells what it took: CPU time, and the most memory, in MiB. What wait4(2)
// has of the memory will not do: a child begins with its parent's.
func (w *watched) end() (took time.Duration, rss float64) {
	rss = peakOf(w.b, w.cmd.Process.Pid)
	_ = w.cmd.Process.Kill()
	for range w.reads { // until the pty is closed
		continue
	}
	_ = w.cmd.Wait() // it was killed
	_ = w.pty.Close()
	_ = w.term.InputPipe().(io.Closer).Close()
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime(), rss
}

// start measures exec to the first slide: on a terminal that answers what it is asked, on one that
// never does, and on one 80 ms away; and a process that only says its version.
func (m *bench) start(b *testing.B) {
	var bare, times, silence, far []float64
	var cpu time.Duration
	var rss float64
	for b.Loop() {
		began := time.Now()
		if err := exec.CommandContext(b.Context(), m.path, "version").Run(); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, ms(time.Since(began)))
		for answers, to := range map[time.Duration]*[]float64{0: &times, silent: &silence, 80 * time.Millisecond: &far} {
			w := m.run(b, answers)
			*to = append(*to, ms(w.sees("servers that appear").Sub(w.began)))
			w.rest(300 * time.Millisecond)
			took, mib := w.end()
			if answers == 0 {
				cpu, rss = cpu+took, max(rss, mib)
			}
		}
	}
	report(b, times)
	b.ReportMetric(median(bare), "version-ms")
	b.ReportMetric(ratio(silence, times), "x-silent")
	b.ReportMetric(ratio(far, times), "x-80ms-away")
	b.ReportMetric(ms(cpu)/float64(b.N), "cpu-ms")
	b.ReportMetric(rss, "MiB")
}

var slideNumber = regexp.MustCompile(`slide (\d+)/29`)

// slide measures a key to the next slide, forth and back through all of them: to the read after which
// the status line has the new number, which is in the frame that has the slide. While something logs
// its bytes count too, so they are left out.
func (m *bench) slide(b *testing.B, step string) {
	w := m.run(b, 0, "--no-cat", "--step", cmp.Or(step, "jumphost"))
	w.sees("Web, Cloud, Puppet!")
	w.log(step)
	w.rest(time.Second)
	w.press("\x1b[H")
	w.rest(time.Second)
	var times, sizes []float64
	at, by := 1, 1
	for b.Loop() {
		if at == 29 || at == 1 && by < 0 {
			by = -by
		}
		key := "\x1b[C"
		if by < 0 {
			key = "\x1b[D"
		}
		at += by
		before := w.sent
		pressed := w.press(key)
		changed := w.until("slide "+strconv.Itoa(at), func(screen string) bool {
			n := slideNumber.FindStringSubmatch(screen)
			return n != nil && n[1] == strconv.Itoa(at)
		})
		w.rest(time.Duration(20+at%10) * time.Millisecond) // out of step with any frame clock
		times = append(times, ms(changed.Sub(pressed)))
		sizes = append(sizes, float64(w.sent-before))
	}
	cpu, rss := w.end()
	report(b, times)
	if step == "" {
		b.ReportMetric(median(sizes), "B")
		b.ReportMetric(ms(cpu)/float64(b.N), "cpu-ms")
		m.quiet = median(times)
	} else if m.quiet > 0 {
		b.ReportMetric(median(times)/m.quiet, "x-quiet")
	}
	b.ReportMetric(rss, "MiB")
}

// idle measures ten seconds in which nobody touches a key.
func (m *bench) idle(b *testing.B, step string, args ...string) {
	var sent, cpu float64
	for b.Loop() {
		w := m.run(b, 0, append(args, "--step", cmp.Or(step, "jumphost"))...)
		w.sees("Web, Cloud, Puppet!")
		w.log(step)
		w.rest(2 * time.Second)
		before := cpuOf(b, w.cmd.Process.Pid)
		sent += float64(w.rest(10 * time.Second))
		cpu += cpuOf(b, w.cmd.Process.Pid) - before
		w.end()
	}
	b.ReportMetric(sent/10/float64(b.N), "B/s")
	b.ReportMetric(cpu/float64(b.N), "cpu-s")
}

// peakOf is the most memory a running process has had, in MiB. See proc_pid_status(5); elsewhere it is 0.
func peakOf(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseFloat(kib, 64)
	if err != nil {
		b.Fatalf("VmHWM of the program: %v", err)
	}
	return n / (1 << 10)
}

// cpuOf is the CPU time of a running process, in seconds. See proc_pid_stat(5); elsewhere it is 0.
func cpuOf(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// flood measures lines that come as fast as the sandbox can send them, until the last is seen.
func (m *bench) flood(b *testing.B) {
	var rates, bytesALine, cpu []float64
	var rss float64
	for b.Loop() {
		w := m.run(b, 0, "--step", "flood")
		w.sees("Web, Cloud, Puppet!")
		w.log("flood")
		first, before, used := time.Now(), w.sent, cpuOf(b, w.cmd.Process.Pid)
		last := w.sees(floodEnd)
		rates = append(rates, floodLines/last.Sub(first).Seconds())
		bytesALine = append(bytesALine, float64(w.sent-before)/floodLines)
		cpu = append(cpu, (cpuOf(b, w.cmd.Process.Pid)-used)*1e6/floodLines)
		_, mib := w.end()
		rss = max(rss, mib)
	}
	b.ReportMetric(median(rates), "lines/s")
	b.ReportMetric(median(bytesALine), "B/line")
	b.ReportMetric(median(cpu), "cpu-us/line")
	b.ReportMetric(rss, "MiB")
}

func report(b *testing.B, times []float64) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // the times below say it
	b.ReportMetric(median(times), "ms")
	slices.Sort(times)
	b.ReportMetric(times[(len(times)*99)/100], "p99-ms")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// ratio is the median of what was measured in turn, pair by pair.
func ratio(a, b []float64) float64 {
	var r []float64
	for i := range a {
		r = append(r, a[i]/b[i])
	}
	return median(r)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

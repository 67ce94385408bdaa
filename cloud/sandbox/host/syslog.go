package host

import (
	"fmt"
	"strings"
)

// maxLog is the size at which a log is set aside as NAME.1, in bytes.
const maxLog = 4 << 20

// Log writes one line to the host's syslog, in rsyslog's traditional format (RFC 3164's
// timestamp, host, program). Control characters are escaped as rsyslog does (#033 for ESC). When
// rsyslog does not run, the line is lost.
func (h *Host) Log(program, line string) { h.logTo("/var/log/syslog", program, line) }

func (h *Host) logTo(file, program, line string) {
	if h.running("rsyslog") == nil {
		return
	}
	if !strings.HasSuffix(program, "]") {
		h.mu.Lock()
		h.nextPID++
		program = fmt.Sprintf("%s[%d]", program, h.nextPID)
		h.mu.Unlock()
	}
	var b strings.Builder
	stamp := h.cfg.Now().UTC().Format("Jan _2 15:04:05")
	for part := range strings.SplitSeq(strings.TrimRight(line, "\n"), "\n") {
		fmt.Fprintf(&b, "%s %s %s: %s\n", stamp, h.Hostname(), program, printable(part))
	}
	root := h.tree.Root()
	if i, err := root.Stat(file); err == nil && i.Size() > maxLog {
		_ = root.Rename(file, file+".1")
	}
	_ = root.AppendFile(file, []byte(b.String()), 0o640) // a full disk loses log lines, as everywhere
}

func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' && r != '\t' || r == 0x7f {
			fmt.Fprintf(&b, "#%03o", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// maxConsole bounds the console log, in bytes: Nova keeps its end too.
const maxConsole = 64 << 10

// printConsole adds to the console log.
func (h *Host) printConsole(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.console = append(h.console, fmt.Sprintf(format, args...)...)
	if over := len(h.console) - maxConsole; over > 0 {
		h.console = append([]byte(nil), h.console[over:]...)
	}
	h.state.Console = string(h.console)
}

// ConsoleLog is what a screen attached to the machine would have shown, its last 64 KiB.
func (h *Host) ConsoleLog() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.console)
}

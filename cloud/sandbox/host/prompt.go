package host

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"golang.org/x/term"

	"matou/cloud/sandbox/host/shell"
	"matou/cloud/sandbox/host/tree"
)

// prompts reads and runs lines until exit, ctrl-d or the end of the line.
func (l *login) prompts(ctx context.Context, sh *shell.Shell, t *term.Terminal) int {
	code, text := 0, ""
	for ctx.Err() == nil {
		cols, rows := l.tty.Size()
		_ = t.SetSize(cols, rows) // it only refuses to be zero
		t.SetPrompt(l.prompt(sh.Dir()))
		if text != "" {
			t.SetPrompt("> ")
		}
		l.tty.enter(editing, nil)
		line, err := t.ReadLine()
		if l.tty.wasAborted() {
			text, code = "", 130
			continue
		}
		if err != nil {
			if text == "" {
				_, _ = io.WriteString(l.ch, "logout\r\n")
			}
			return code
		}
		if text += line; strings.TrimSpace(text) == "" {
			text = ""
			continue
		}
		status, err := l.foreground(ctx, sh, text, true)
		if err != nil { // incomplete: more lines
			text += "\n"
			continue
		}
		text, code = "", status
		if sh.Exited() {
			_, _ = io.WriteString(l.ch, "logout\r\n")
			return code
		}
	}
	return code
}

func (l *login) prompt(dir string) string {
	if home := l.account.Home; dir == home || strings.HasPrefix(dir, home+"/") {
		dir = "~" + strings.TrimPrefix(dir, home)
	}
	mark := "$"
	if l.account.UID == 0 {
		mark = "#"
	}
	return fmt.Sprintf("%s@%s:%s%s ", l.account.Name, l.host.Hostname(), dir, mark)
}

// complete finishes the path, or the command, under the cursor.
func (l *login) complete(dir, line string, pos int) (string, int, bool) {
	head, tail := line[:pos], line[pos:]
	at := strings.LastIndexAny(head, " \t|;&<>=") + 1
	word := head[at:]
	stem := word
	if strings.HasPrefix(stem, "~/") {
		stem = l.account.Home + stem[1:]
	}
	folder, name := path.Split(stem)
	var found []string
	view := l.host.tree.As(l.account.UID, l.account.GID)
	if strings.TrimSpace(head[:at]) == "" && !strings.Contains(word, "/") {
		list, _ := view.ReadDir("/usr/bin")
		for _, e := range list {
			if strings.HasPrefix(e.Name(), name) {
				found = append(found, e.Name()+" ")
			}
		}
	} else {
		list, _ := view.ReadDir(tree.Clean(dir, folder))
		for _, e := range list {
			if !strings.HasPrefix(e.Name(), name) || strings.HasPrefix(e.Name(), ".") && name == "" {
				continue
			}
			end := " "
			if view.IsDir(tree.Clean(dir, folder+e.Name())) {
				end = "/"
			}
			found = append(found, e.Name()+end)
		}
	}
	if len(found) == 0 {
		return line, pos, true
	}
	common := found[0]
	for _, f := range found[1:] {
		for !strings.HasPrefix(f, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) < len(name) {
		return line, pos, true
	}
	add := common[len(name):]
	return head + add + tail, pos + len(add), true
}

// lineEditor is what the line editor reads and writes.
type lineEditor struct {
	tty *TTY
	w   io.Writer
}

func (e lineEditor) Read(p []byte) (int, error)  { return e.tty.take(editing, p, nil) }
func (e lineEditor) Write(p []byte) (int, error) { return e.w.Write(p) }

// history is the lines that were typed, newest last, at most 500.
type history struct {
	mu   sync.Mutex
	list []string
}

// Add remembers a line; an empty one, or the same again, is not worth it.
func (h *history) Add(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if strings.TrimSpace(line) == "" || len(h.list) > 0 && h.list[len(h.list)-1] == line {
		return
	}
	if h.list = append(h.list, line); len(h.list) > 500 {
		h.list = h.list[1:]
	}
}

// Len is the number of lines.
func (h *history) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.list)
}

// At answers the line i before the newest.
func (h *history) At(i int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list[len(h.list)-1-i]
}

func (h *history) lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.list...)
}

package tuitest

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

var named = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "f1": tea.KeyF1,
}

// Key is the message of a key by its name.
func Key(name string) tea.KeyPressMsg {
	key := tea.Key{}
	for {
		rest, ok := strings.CutPrefix(name, "ctrl+")
		if ok {
			key.Mod |= tea.ModCtrl
			name = rest
			continue
		}
		if rest, ok = strings.CutPrefix(name, "shift+"); ok {
			key.Mod |= tea.ModShift
			name = rest
			continue
		}
		break
	}
	switch code, ok := named[name]; {
	case ok:
		key.Code = code
	case name == "space":
		key.Code, key.Text = tea.KeySpace, " "
	default:
		key.Code = []rune(name)[0]
		if key.Mod == 0 {
			key.Text = name
		}
	}
	return tea.KeyPressMsg(key)
}

// clipboard finds out whether a message is Bubble Tea's own for setting the clipboard, which it
// does not export.
func clipboard(msg tea.Msg) (string, bool) {
	if fmt.Sprintf("%T", msg) != fmt.Sprintf("%T", tea.SetClipboard("")()) {
		return "", false
	}
	return fmt.Sprint(msg), true
}

// isExec finds out whether a message is Bubble Tea's own for giving the terminal away.
func isExec(msg tea.Msg) bool { return fmt.Sprintf("%T", msg) == "tea.execMsg" }

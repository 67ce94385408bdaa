package cloudinit

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParse(t *testing.T) {
	t.Parallel()
	packed := base64.StdEncoding.EncodeToString(zipped(t, "packed"))
	tests := []struct {
		name, data    string
		early, late   []string // what the scripts have, in order
		files         map[string]string
		warning, fail string
	}{
		{name: "nothing", data: " \n"},
		{
			name: "script", data: "#!/bin/sh\necho hello\n",
			late: []string{Dir + "/script\n", "Cloud-init finished"}, files: map[string]string{"script": "#!/bin/sh\necho hello\n"},
		},
		{
			name: "the order",
			data: "#cloud-config\nruncmd: [b, [c, d e]]\nbootcmd: [a]\nssh_pwauth: yes\nwrite_files:\n- {path: /x/y, content: hi, owner: 'a:b', permissions: '0600'}\n" +
				"chpasswd: {users: [{name: root, password: it's}]}\npackages: [git]\nfinal_message: done\n",
			early: []string{
				"sh -c 'a'\n", "early.done", "mkdir -p '/x'\n", "cat " + Dir + "/file-000 >'/x/y'\n", "chmod '0600' '/x/y'\n", "chown 'a:b' '/x/y'\n",
				"PasswordAuthentication yes", `printf '%s\n' 'root:it'\''s' | chpasswd` + "\n",
			},
			late:  []string{"install 'git'\n", "sh -c 'b'\n", "'c' 'd e'\n", "echo 'done'\n"},
			files: map[string]string{"file-000": "hi"},
		},
		{
			name:  "encodings",
			data:  "#cloud-config\nwrite_files:\n- {path: /a, encoding: gz+b64, content: " + packed + ", append: true}\n- {path: /b, encoding: b64, content: aGk=, permissions: 0755, defer: true}\n",
			early: []string{">>'/a'"}, late: []string{"file-001 >'/b'", "chmod '0755' '/b'"},
			files: map[string]string{"file-000": "packed", "file-001": "hi"},
		},
		{name: "hashes", data: "#cloud-config\nchpasswd: {list: \"a:$6$x\\nb:plain\"}\n", early: []string{"'a:$6$x' | chpasswd -e\n", "'b:plain' | chpasswd\n"}},
		{name: "unknown key", data: "#cloud-config\napt: {}\n", early: []string{`"apt" of the user data is not done here`}, warning: "apt"},
		{name: "unknown kind", data: "#include\nhttp://x\n", warning: "#include"},
		{name: "no yaml", data: "#cloud-config\n\t:", fail: "parse user data"},
		{name: "relative path", data: "#cloud-config\nwrite_files: [{path: x, content: y}]\n", fail: "not absolute"},
		{name: "encoding", data: "#cloud-config\nwrite_files: [{path: /x, encoding: rot13, content: y}]\n", fail: "not known"},
		{name: "command", data: "#cloud-config\nruncmd: [{a: b}]\n", fail: "neither a line nor a list"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte(tc.data))
			if tc.fail != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fail) {
					t.Fatalf("error %v, want %q", err, tc.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, p.Early, tc.early)
			inOrder(t, p.Late, tc.late)
			for name, want := range tc.files {
				if string(p.Files[name]) != want {
					t.Errorf("%s is %q", name, p.Files[name])
				}
			}
			if all := strings.Join(p.Warnings, "\n"); !strings.Contains(all, tc.warning) || tc.warning == "" && all != "" {
				t.Errorf("warnings %q", p.Warnings)
			}
		})
	}
}

func inOrder(t *testing.T, text string, want []string) {
	t.Helper()
	for _, w := range want {
		_, rest, ok := strings.Cut(text, w)
		if !ok {
			t.Fatalf("no %q in what is left:\n%s", w, text)
		}
		text = rest
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	if _, err := Parse(make([]byte, maxData+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
	if _, err := Parse(zipped(t, strings.Repeat("#", maxData+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	if _, err := Parse([]byte("#cloud-config\nruncmd: [" + strings.Repeat("a,", maxList) + "a]")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a long list: %v", err)
	}
}

// The workshop's own user data comes to scripts that a shell can read.
func TestWorkshop(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../assets/workshops/*/user-data/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(p.Warnings) > 0 {
			t.Errorf("%s: %q", name, p.Warnings)
		}
		sh, err := exec.LookPath("sh")
		if err != nil {
			t.Skip("no shell here")
		}
		for _, script := range []string{p.Early, p.Late} {
			cmd := exec.CommandContext(t.Context(), sh, "-n")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", name, err, out)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("#cloud-config\nruncmd: [a]\nwrite_files: [{path: /a, content: b}]"))
	f.Add([]byte("#!/bin/sh\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		for name := range p.Files {
			if strings.ContainsAny(name, "/\x00") {
				t.Errorf("file %q", name)
			}
		}
		if strings.ContainsRune(p.Early+p.Late, 0) && !bytes.ContainsRune(data, 0) {
			t.Error("a NUL out of nowhere")
		}
	})
}

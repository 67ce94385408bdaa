package assets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write control/ and app/ into the user-data again")

const (
	workshop = "workshops/web-cloud-puppet"
	// userDataLimit is what Nova takes, base64 and all (POST /servers, user_data: maxLength 65535).
	userDataLimit = 65535
	lineWidth     = 100
)

// cloudConfig is the part of cloud-init's format that is used.
type cloudConfig struct {
	DisableRoot *bool  `yaml:"disable_root"`
	SSHPwAuth   bool   `yaml:"ssh_pwauth"`
	ManageHosts string `yaml:"manage_etc_hosts"`
	Chpasswd    struct {
		Expire bool
		Users  []struct{ Name, Password, Type string }
	}
	WriteFiles []struct{ Path, Permissions, Encoding, Content string } `yaml:"write_files"`
	BootCmd    []string
	RunCmd     []string
}

func (c cloudConfig) file(t *testing.T, name string) []byte {
	t.Helper()
	for _, f := range c.WriteFiles {
		if f.Path != name {
			continue
		}
		if f.Encoding != "gz+b64" {
			return []byte(f.Content)
		}
		zr, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(f.Content)))
		if err != nil {
			t.Fatalf("%s: %v: run go test ./assets -run TestUserData -update", name, err)
		}
		data, err := io.ReadAll(zr)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return data
	}
	t.Fatalf("no file %s in the user-data", name)
	return nil
}

func parseConfig(t *testing.T, data []byte) cloudConfig {
	t.Helper()
	if !bytes.HasPrefix(data, []byte("#cloud-config\n")) {
		t.Fatal("the first line must be #cloud-config")
	}
	var c cloudConfig
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// controlTar is the archive that the user-data of the master carries: the same bytes for the same
// files, whenever and wherever it is made.
func controlTar(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	err := fs.WalkDir(os.DirFS(workshop+"/control"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(workshop, "control", filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		head := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}
		return errors.Join(tw.WriteHeader(head), second(tw.Write(data)))
	})
	if err := errors.Join(err, tw.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func second(_ int, err error) error { return err }

// setBlock replaces the content: | block of a file written by cloud-init.
func setBlock(t *testing.T, config []byte, file string, content []byte) []byte {
	t.Helper()
	re := regexp.MustCompile(`(?m)^  - path: ` + regexp.QuoteMeta(file) + `\n(?:    [a-z]+:.*\n)*?    content: \|\n((?:      .*\n|\n)*)`)
	at := re.FindSubmatchIndex(config)
	if at == nil {
		t.Fatalf("no content of %s to replace", file)
	}
	var b bytes.Buffer
	for line := range strings.Lines(string(content)) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("      ")
		}
		b.WriteString(line)
	}
	return slices.Concat(config[:at[2]], b.Bytes(), config[at[3]:])
}

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	zw, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second(zw.Write(data)), zw.Close()); err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(z.Bytes())
	var b bytes.Buffer
	for chunk := range slices.Chunk([]byte(text), lineWidth) {
		fmt.Fprintf(&b, "%s\n", chunk)
	}
	return b.Bytes()
}

// TestUserData holds the user-data against what it carries; -update writes it again.
func TestUserData(t *testing.T) {
	const archive, app = "/usr/local/share/atelier/control.tar", "/usr/local/share/atelier/start.py"
	carried := map[string]struct {
		path string
		want []byte
		text func([]byte) []byte
	}{
		"puppet.yaml": {archive, controlTar(t), func(b []byte) []byte { return packed(t, b) }},
		"web.yaml":    {app, read(t, workshop+"/app/start.py"), func(b []byte) []byte { return b }},
	}
	for _, name := range slices.Sorted(maps.Keys(carried)) {
		t.Run(name, func(t *testing.T) {
			file, c := path.Join(workshop, "user-data", name), carried[name]
			data := read(t, file)
			if *update {
				data = setBlock(t, data, c.path, c.text(c.want))
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			config := parseConfig(t, data)
			if got := config.file(t, c.path); !bytes.Equal(got, c.want) {
				t.Errorf("%s is not what it should be: run go test ./assets -run TestUserData -update\n%s", c.path, cmp.Diff(string(c.want), string(got)))
			}
			if n := base64.StdEncoding.EncodedLen(len(data)); n > userDataLimit {
				t.Errorf("%d bytes in base64, over Nova's %d", n, userDataLimit)
			}
			if !config.SSHPwAuth || config.DisableRoot == nil || *config.DisableRoot || len(config.Chpasswd.Users) != 1 || config.Chpasswd.Expire {
				t.Error("root can't log in with the password of the slides")
			}
		})
	}
}

// TestUserDataBonus takes the comment marks of the bonus away, as the participant does, and wants
// the same file with two commands more.
func TestUserDataBonus(t *testing.T) {
	data := read(t, workshop+"/user-data/web.yaml")
	re := regexp.MustCompile(`(?m)^( *)# (- (?:echo "149\.202\.165\.157 puppet" >>/etc/hosts|/opt/puppetlabs/bin/puppet agent -t -v))$`)
	if n := len(re.FindAll(data, -1)); n != 2 {
		t.Fatalf("%d commented lines of the bonus, want 2", n)
	}
	before, after := parseConfig(t, data), parseConfig(t, re.ReplaceAll(data, []byte("$1$2")))
	want := slices.Insert(slices.Clone(before.RunCmd), 1, `echo "149.202.165.157 puppet" >>/etc/hosts`, "/opt/puppetlabs/bin/puppet agent -t -v")
	if d := cmp.Diff(want, after.RunCmd); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}
	after.RunCmd = before.RunCmd
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("something else changed (-before +after):\n%s", d)
	}
}

// TestBranches wants each branch to add to the one before, and to take nothing away: what was
// proven at a step holds at the next.
func TestBranches(t *testing.T) {
	var before []string
	for n := 1; n <= 5; n++ {
		file := fmt.Sprintf("%s/control/branches/bz%d/manifests/site.pp", workshop, n)
		lines := strings.Split(string(read(t, file)), "\n")
		rest := lines
		for _, line := range before {
			at := slices.Index(rest, line)
			if at < 0 {
				t.Fatalf("bz%d lost the line %q", n, line)
			}
			rest = rest[at+1:]
		}
		if slices.Equal(before, lines) {
			t.Errorf("bz%d adds nothing", n)
		}
		before = lines
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"matou/cloud"
	"matou/cloud/openstack"
)

// TestRealBoot plays one step on the real cloud that MATOU_TEST_OPENSTACK (the path of an openrc) leads
// to: the program is killed while its server boots, finds it again by its marks, leaves alone what
// others made under the same name, and takes away all that it made, and nothing else.
func TestRealBoot(t *testing.T) {
	path := os.Getenv("MATOU_TEST_OPENSTACK")
	if path == "" || path == "0" {
		t.Skip("MATOU_TEST_OPENSTACK names no openrc")
	}
	rc, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	k, err := openstack.ParseOpenRC(rc)
	if err != nil {
		t.Fatal(err)
	}
	client, err := openstack.Login(t.Context(), k, openstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	name := "matou-" + strings.ToLower(rand.Text()[:8])
	class := filepath.Join(t.TempDir(), name)
	image, flavor := smallest(t, client)
	write(t, filepath.Join(class, "deck.en.md"), "-> # A server\n")
	write(t, filepath.Join(class, "workshop.yaml"), fmt.Sprintf(`title: {en: A server}
languages: [en]
decks: {en: deck.en.md}
slides: [hello]
hops: [{name: door, user: root, host: 127.0.0.1}]
cloud: {hop: door, openrc: openrc, ports: ["22", "8140"], open_ports: "true"}
steps:
  - id: boot
    title: {en: Boot}
    slides: [hello]
    panes: [nova]
    expect: 10s
    hints: [{en: Wait.}]
    actions:
      - name: boot
        kind: server.boot
        with: {name: %[1]q, image: %[2]q, flavor: %[3]q, security-groups: [%[1]q], public-key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl somebody}
        save: {id: id}
    checks: [{name: it is there, kind: server.status, with: {ids: "${id}", status: ACTIVE}}]
`, name, image, flavor))

	theirs, err := client.Boot(t.Context(), cloud.ServerSpec{Name: name, Image: image, Flavor: flavor, Metadata: map[string]string{"owner": "somebody else"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave(t, client, name) })
	ours := func() []cloud.Server {
		return slices.DeleteFunc(servers(t.Context(), t, client, name), func(s cloud.Server) bool { return s.Metadata[cloud.MetaWorkshop] != name })
	}

	state := t.TempDir()
	killed := onCloud(t, k, state, class, "play")
	var said bytes.Buffer
	killed.Stdout, killed.Stderr = &said, &said
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); len(ours()) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			_ = killed.Process.Kill()
			_ = killed.Wait()
			t.Fatalf("no server came: %s", said.String())
		}
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	first := ours()

	out, err := onCloud(t, k, state, class, "play").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := ours(); len(got) != 1 || len(first) != 1 || got[0].ID != first[0].ID || got[0].Status != cloud.StatusActive {
		t.Errorf("after %v it has %v:\n%s", first, got, out)
	}

	clean := onCloud(t, k, state, class, "clean")
	clean.Stdin = strings.NewReader("no\n")
	if out, err = clean.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, want := range []string{first[0].ID, "Security group " + name, "Keypair matou-" + name, "Nothing was deleted"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("clean does not show %q:\n%s", want, out)
		}
	}
	if bytes.Contains(out, []byte(theirs[0].ID)) {
		t.Errorf("clean would delete somebody else's:\n%s", out)
	}
	if out, err := onCloud(t, k, state, class, "clean", "--yes").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if left := servers(t.Context(), t, client, name); len(left) != 1 || left[0].ID != theirs[0].ID {
		t.Errorf("left are %v", left)
	}
	groups, err := client.SecurityGroups(t.Context())
	if err != nil || slices.ContainsFunc(groups, func(g cloud.SecurityGroup) bool { return g.Name == name }) {
		t.Errorf("the group is left: %v", err)
	}
	pairs, err := client.Keypairs(t.Context())
	if err != nil || slices.ContainsFunc(pairs, func(p cloud.Keypair) bool { return strings.Contains(p.Name, name) }) {
		t.Errorf("the key is left: %v", err)
	}
}

// leave takes away all that a name has, and waits until it is gone: a cloud that is stopped while it
// deletes keeps the server for ever, which takes room in a project that is kept.
func leave(t *testing.T, client *openstack.Client, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	for _, s := range servers(ctx, t, client, name) {
		if err := client.Delete(ctx, s.ID); err != nil {
			t.Error(err)
		}
	}
	all, err := client.Servers(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, s := range all {
		if s.Name != name {
			continue
		}
		if err := client.WaitGone(ctx, s.ID); err != nil {
			t.Error(err)
		}
	}
	groups, err := client.SecurityGroups(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, g := range groups {
		if g.Name != name {
			continue
		}
		if err := client.DeleteSecurityGroup(ctx, g.ID); err != nil {
			t.Error(err)
		}
	}
	pairs, err := client.Keypairs(ctx)
	if err != nil {
		t.Error(err)
	}
	for _, p := range pairs {
		if !strings.Contains(p.Name, name) {
			continue
		}
		if err := client.DeleteKeypair(ctx, p.Name); err != nil {
			t.Error(err)
		}
	}
}

// onCloud is this program as a process of its own, with the cloud of k in its environment.
func onCloud(t *testing.T, k openstack.Credentials, state, class string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := program(t, state, args...)
	cmd.Args = slices.DeleteFunc(cmd.Args, func(arg string) bool { return arg == "--sandbox" })
	cmd.Args = append(cmd.Args, "--workshop", class)
	cmd.Env = append(cmd.Env, "OS_AUTH_URL="+k.AuthURL, "OS_USERNAME="+k.Username, "OS_PASSWORD="+k.Password, "OS_PROJECT_NAME="+k.Project,
		"OS_USER_DOMAIN_NAME="+k.UserDomain, "OS_PROJECT_DOMAIN_NAME="+k.ProjectDomain, "OS_REGION_NAME="+k.Region)
	return cmd
}

// smallest is an image, and the smallest flavor that it fits.
func smallest(t *testing.T, client *openstack.Client) (image, flavor string) {
	t.Helper()
	flavors, err := client.Flavors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	images, err := client.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flavors {
		for _, i := range images {
			if i.Status == "active" && f.Disk >= i.MinDisk && f.RAM >= i.MinRAM {
				return i.Name, f.Name
			}
		}
	}
	t.Skip("no flavor fits an image")
	return "", ""
}

// servers are those of a name.
func servers(ctx context.Context, t *testing.T, client *openstack.Client, name string) []cloud.Server {
	t.Helper()
	all, err := client.Servers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(s cloud.Server) bool { return s.Name != name || s.TaskState == "deleting" })
}

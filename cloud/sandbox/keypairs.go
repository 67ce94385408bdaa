package sandbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// What Nova's schemas allow in the names of keypairs, and in the keys of metadata.
const (
	alphanumeric  = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	keyChars      = "_- " + alphanumeric
	keyCharsNewer = "@._- " + alphanumeric // since 2.92
	metadataChars = "-_:. " + alphanumeric
)

// spelled tells whether a name is made of 1 to 255 of some ASCII characters.
func spelled(name, chars string) bool {
	return name != "" && len(name) <= 255 && strings.Trim(name, chars) == ""
}

func (n *computeAPI) describeKeypair(k *keypair, minor int, full bool) object {
	o := object{"name": k.Name, "public_key": k.PublicKey, "fingerprint": k.Fingerprint}
	if minor >= 2 {
		o["type"] = k.Type
	}
	if full {
		o["user_id"], o["created_at"], o["deleted"] = n.world.userID(), k.Created.Format(launchTime), false
		o["deleted_at"], o["updated_at"], o["id"] = nil, nil, k.ID
	}
	return o
}

func (n *computeAPI) listKeypairs(c *call) reply {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	names := sortedKeys(n.world.keys)
	body := object{}
	if c.minor >= 35 {
		page, next, bad := pageOf(c, names, func(s string) string { return s })
		if bad != nil {
			return *bad
		}
		names = page
		if next != "" {
			body["keypairs_links"] = []object{{"rel": "next", "href": n.base + computePrefix + "/v2.1/os-keypairs?" + next}}
		}
	}
	list := []object{}
	for _, name := range names {
		list = append(list, object{"keypair": n.describeKeypair(n.world.keys[name], c.minor, false)})
	}
	body["keypairs"] = list
	return okay(body)
}

func (n *computeAPI) noKeypair(name string) reply {
	return fail(http.StatusNotFound, "Keypair %s not found for user %s", clip(name), n.world.userID())
}

func (n *computeAPI) showKeypair(c *call) reply {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	k := n.world.keys[c.PathValue("name")]
	if k == nil {
		return n.noKeypair(c.PathValue("name"))
	}
	return okay(object{"keypair": n.describeKeypair(k, c.minor, true)})
}

func (n *computeAPI) deleteKeypair(c *call) reply {
	n.world.mu.Lock()
	name := c.PathValue("name")
	known := n.world.keys[name] != nil
	if known {
		delete(n.world.keys, name)
		n.world.changed()
	}
	n.world.mu.Unlock()
	if !known {
		return n.noKeypair(name)
	}
	n.world.save()
	if c.minor >= 2 {
		return reply{status: http.StatusNoContent}
	}
	return reply{status: http.StatusAccepted}
}

type keypairRequest struct {
	Name   *string `json:"name"`
	Public *string `json:"public_key"`
	Type   *string `json:"type"`
	User   *string `json:"user_id"`
}

// createKeypair imports a public key, or makes a pair up to 2.91. The private key is told once.
func (n *computeAPI) createKeypair(c *call) reply {
	var body struct {
		Keypair *keypairRequest `json:"keypair"`
	}
	if err := c.decode(&body); err != nil {
		return fail(http.StatusBadRequest, "Malformed request body")
	}
	if body.Keypair == nil {
		return fail(http.StatusBadRequest, "'keypair' is a required property")
	}
	k, private, text := makeKeypair(body.Keypair, c.minor)
	if text != "" {
		return fail(http.StatusBadRequest, "%s", text)
	}
	w := n.world
	w.mu.Lock()
	most := w.file.Quota.Keypairs
	switch {
	case w.keys[k.Name] != nil:
		w.mu.Unlock()
		return fail(http.StatusConflict, "Key pair '%s' already exists.", k.Name)
	case most > 0 && len(w.keys) >= most:
		w.mu.Unlock()
		return fail(http.StatusForbidden, "Quota exceeded, too many key pairs.")
	}
	k.ID = w.nextKey
	w.nextKey++
	w.keys[k.Name] = k
	w.changed()
	w.mu.Unlock()
	w.save()
	o := n.describeKeypair(k, c.minor, false)
	o["user_id"] = w.userID()
	if private != "" {
		o["private_key"] = private
	}
	status := http.StatusOK
	if c.minor >= 2 {
		status = http.StatusCreated
	}
	return reply{status: status, body: object{"keypair": o}}
}

// makeKeypair checks a request and makes the keypair; text says what is wrong.
func makeKeypair(req *keypairRequest, minor int) (k *keypair, private, text string) {
	value := object{}
	chars := keyChars
	if minor >= 92 {
		chars = keyCharsNewer
	}
	missing := func(key string) string {
		return invalid("keypair", value, fmt.Sprintf("'%s' is a required property", key))
	}
	switch {
	case req.Name == nil:
		return nil, "", missing("name")
	case !spelled(*req.Name, chars) || strings.TrimSpace(*req.Name) != *req.Name:
		return nil, "", "An invalid 'name' value was provided. The name must be: Only expected characters: [" + chars + "]"
	}
	value["name"] = *req.Name
	k = &keypair{Name: *req.Name, Type: "ssh", Created: now()}
	switch {
	case req.Type != nil && *req.Type != "ssh":
		return nil, "", invalid("type", *req.Type, pyString(clip(*req.Type))+" is not one of ['ssh']")
	case req.Public != nil:
		k.PublicKey = strings.TrimSpace(*req.Public)
	case minor >= 92:
		return nil, "", missing("public_key")
	default:
		var err error
		if k.PublicKey, private, err = generateKey(); err != nil {
			return nil, "", "Keypair data is invalid: failed to generate key"
		}
	}
	key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(k.PublicKey))
	if err != nil || len(rest) > 0 || slices.Contains([]byte(k.PublicKey), '\n') {
		return nil, "", "Keypair data is invalid: failed to generate fingerprint"
	}
	k.Fingerprint = ssh.FingerprintLegacyMD5(key)
	return k, private, ""
}

func generateKey() (public, private string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	key, err := ssh.NewPublicKey(pub)
	if err != nil {
		return "", "", err
	}
	block, err := ssh.MarshalPrivateKey(priv, "Generated-by-Nova")
	if err != nil {
		return "", "", err
	}
	public = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " Generated-by-Nova"
	return public, string(pem.EncodeToMemory(block)), nil
}

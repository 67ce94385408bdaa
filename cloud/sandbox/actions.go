package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// action answers POST /servers/{id}/action, whose body has one key: the action.
func (n *computeAPI) action(c *call) reply {
	var body any
	if err := c.decode(&body); err != nil {
		return fail(http.StatusBadRequest, "Malformed request body")
	}
	m, _ := body.(object)
	if len(m) != 1 {
		return fail(http.StatusBadRequest, "Malformed request body")
	}
	name := sortedKeys(m)[0]
	actions := map[string]func(c *call, in *instance, arg any) reply{
		"reboot": n.rebootServer, "os-stop": n.stopServer, "os-start": n.startServer,
		"os-getConsoleOutput": n.consoleOutput, "os-getVNCConsole": n.noConsole, "os-getSPICEConsole": n.noConsole,
		"os-getSerialConsole": n.noConsole, "rebuild": n.rebuildServer,
	}
	do := actions[name]
	if do == nil {
		return fail(http.StatusBadRequest, "There is no such action: %s", clip(name))
	}
	return n.onServer(func(c *call, in *instance) reply { return do(c, in, m[name]) })(c)
}

// conflict is the refusal of an action in the state a server is in, if it is one. The states are
// those the action is allowed in.
func conflict(in *instance, action string, states ...string) *reply {
	var text string
	switch { // in Nova's order
	case !slices.Contains(states, in.VMState):
		text = "vm_state " + in.VMState
	case in.Task != "":
		text = "task_state " + in.Task
	default:
		return nil
	}
	rep := fail(http.StatusConflict, "Cannot '%s' instance %s while it is in %s", action, in.ID, text)
	return &rep
}

// turn sets a server's task and starts the job that does it.
func (n *computeAPI) turn(c *call, in *instance, action, task string, job func(context.Context, *instance)) reply {
	in.Task = task
	n.acted(c, in, action)
	n.world.begin(in, job)
	return reply{status: http.StatusAccepted}
}

func (n *computeAPI) rebootServer(c *call, in *instance, arg any) reply {
	m, ok := arg.(object)
	if !ok {
		return fail(http.StatusBadRequest, "%s", invalid("reboot", arg, clip(pyValue(arg))+" is not of type 'object'"))
	}
	kind, _ := m["type"].(string)
	states, task := []string{vmActive}, taskReboot
	switch strings.ToUpper(kind) {
	case "SOFT":
	case "HARD":
		states, task = []string{vmActive, vmStopped, vmError}, taskRebootHard
	case "":
		return fail(http.StatusBadRequest, "%s", invalid("reboot", arg, "'type' is a required property"))
	default:
		return fail(http.StatusBadRequest, "%s", invalid("type", kind,
			pyString(clip(kind))+" is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']"))
	}
	if rep := conflict(in, "reboot", states...); rep != nil {
		return *rep
	}
	if in.Launched.IsZero() {
		// A server that never ran has nothing to boot again.
		return fail(http.StatusConflict, "Cannot 'reboot' instance %s while it is in vm_state %s", in.ID, in.VMState)
	}
	return n.turn(c, in, "reboot", task, n.world.reboot)
}

func (n *computeAPI) stopServer(c *call, in *instance, _ any) reply {
	if rep := conflict(in, "stop", vmActive); rep != nil {
		return *rep
	}
	return n.turn(c, in, "stop", taskStop, n.world.stop)
}

func (n *computeAPI) startServer(c *call, in *instance, _ any) reply {
	if rep := conflict(in, "start", vmStopped); rep != nil {
		return *rep
	}
	return n.turn(c, in, "start", taskStart, n.world.start)
}

// rebuildServer gives a server a new disk, from the same image or another.
func (n *computeAPI) rebuildServer(c *call, in *instance, arg any) reply {
	m, ok := arg.(object)
	if !ok {
		return fail(http.StatusBadRequest, "%s", invalid("rebuild", arg, clip(pyValue(arg))+" is not of type 'object'"))
	}
	id, ok := m["imageRef"].(string)
	if !ok {
		return fail(http.StatusBadRequest, "%s", invalid("rebuild", arg, "'imageRef' is a required property"))
	}
	im := n.world.image(id)
	if im == nil {
		return fail(http.StatusBadRequest, "Cannot find image for rebuild")
	}
	if rep := conflict(in, "rebuild", vmActive, vmStopped, vmError); rep != nil {
		return *rep
	}
	if in.Launched.IsZero() {
		return fail(http.StatusConflict, "Cannot 'rebuild' instance %s while it is in vm_state %s", in.ID, in.VMState)
	}
	in.ImageID = im.ID
	rep := n.turn(c, in, "rebuild", taskRebuild, n.world.rebuild)
	body := n.describe(in, c.minor, true)
	body["adminPass"] = newWord(12)
	rep.body = object{"server": body}
	return rep
}

// consoleOutput is the end of the console log, as many lines as asked for.
func (n *computeAPI) consoleOutput(_ *call, in *instance, arg any) reply {
	if in.machine == nil {
		return fail(http.StatusConflict, "Instance %s is not ready", in.ID)
	}
	text := in.machine.ConsoleLog()
	m, _ := arg.(object)
	switch length := m["length"]; {
	case length == nil:
	case count(length, -2) < -1:
		return fail(http.StatusBadRequest, "%s", invalid("length", length, clip(pyValue(length))+" does not match '^-?[0-9]+$'"))
	case count(length, -1) >= 0:
		text = lastLines(text, count(length, 0))
	}
	return okay(object{"output": text})
}

func lastLines(text string, most int) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines[max(0, len(lines)-most):], "")
}

// noConsole refuses graphical consoles: there is no screen behind these servers.
func (n *computeAPI) noConsole(_ *call, _ *instance, arg any) reply {
	m, _ := arg.(object)
	kind, _ := m["type"].(string)
	return fail(http.StatusBadRequest, "Unavailable console type %s.", clip(kind))
}

func (n *computeAPI) showMetadata(_ *call, in *instance) reply {
	return okay(object{"metadata": in.Metadata})
}

// readMetadata reads {"metadata": {...}}, or {"meta": {...}} with one key.
func (n *computeAPI) readMetadata(c *call, key string) (map[string]string, *reply) {
	refuse := func(text string) (map[string]string, *reply) {
		rep := fail(http.StatusBadRequest, "%s", text)
		return nil, &rep
	}
	var body any
	if err := c.decode(&body); err != nil {
		return refuse("Malformed request body")
	}
	top, _ := body.(object)
	value, ok := top[key]
	if !ok {
		return refuse(fmt.Sprintf("'%s' is a required property", key))
	}
	if text := checkMetadataValue(key, value, c.minor); text != "" {
		return refuse(text)
	}
	out := map[string]string{}
	for k, v := range value.(object) {
		out[k], _ = v.(string)
	}
	return out, nil
}

// updateMeta is what Nova calls a change of metadata when it refuses one.
const updateMeta = "update metadata"

// setMeta replaces a server's metadata, within the quota. Nova takes none for a server that is still
// being built, or that has failed (nova/compute/api.py, update_instance_metadata).
func (n *computeAPI) setMeta(in *instance, action string, meta map[string]string) *reply {
	if rep := conflict(in, action, vmActive, vmStopped); rep != nil {
		return rep
	}
	if most := n.world.file.Quota.metadataItems(); len(meta) > most {
		rep := fail(http.StatusForbidden, "Maximum number of metadata items exceeds %d", most)
		return &rep
	}
	in.Metadata, in.Updated = meta, now()
	n.world.changed()
	return nil
}

func (n *computeAPI) mergeMetadata(c *call, in *instance) reply {
	meta, bad := n.readMetadata(c, "metadata")
	if bad != nil {
		return *bad
	}
	for k, v := range in.Metadata {
		if _, ok := meta[k]; !ok {
			meta[k] = v
		}
	}
	if bad := n.setMeta(in, updateMeta, meta); bad != nil {
		return *bad
	}
	return okay(object{"metadata": meta})
}

func (n *computeAPI) replaceMetadata(c *call, in *instance) reply {
	meta, bad := n.readMetadata(c, "metadata")
	if bad == nil {
		bad = n.setMeta(in, updateMeta, meta)
	}
	if bad != nil {
		return *bad
	}
	return okay(object{"metadata": meta})
}

func (n *computeAPI) showMetadatum(c *call, in *instance) reply {
	key := c.PathValue("key")
	v, ok := in.Metadata[key]
	if !ok {
		return fail(http.StatusNotFound, "Metadata item was not found")
	}
	return okay(object{"meta": object{key: v}})
}

func (n *computeAPI) setMetadatum(c *call, in *instance) reply {
	key := c.PathValue("key")
	meta, bad := n.readMetadata(c, "meta")
	if bad != nil {
		return *bad
	}
	v, ok := meta[key]
	if !ok || len(meta) != 1 {
		return fail(http.StatusBadRequest, "Request body and URI mismatch")
	}
	all := map[string]string{key: v}
	for k, old := range in.Metadata {
		if k != key {
			all[k] = old
		}
	}
	if bad := n.setMeta(in, updateMeta, all); bad != nil {
		return *bad
	}
	return okay(object{"meta": object{key: v}})
}

func (n *computeAPI) deleteMetadatum(c *call, in *instance) reply {
	key := c.PathValue("key")
	if _, ok := in.Metadata[key]; !ok {
		return fail(http.StatusNotFound, "Metadata item was not found")
	}
	rest := map[string]string{}
	for k, v := range in.Metadata {
		if k != key {
			rest[k] = v
		}
	}
	if bad := n.setMeta(in, "delete metadata", rest); bad != nil {
		return *bad
	}
	return reply{status: http.StatusNoContent}
}

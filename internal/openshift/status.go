package openshift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Outcome is what came of a DNSRecord in one zone.
type Outcome struct {
	Object string // of the DNSRecord
	Zone   ZoneRef
	Err    string // why the record is not as wanted; empty when it is
}

// Outcomes gathers what came of every record in every zone of the cluster.
// failed is why changes were not done, by address; by zone ID, where nothing
// could be done at all.
func (c Cluster) Outcomes(in Changes, halves []Half, problems diag.List, failed map[string]error) []Outcome {
	refused := map[string]string{}
	for _, p := range problems {
		if p.Address != "" {
			refused[p.Address] = p.Summary
		}
	}
	var out []Outcome
	for _, private := range []bool{true, false} {
		ref := c.ref(private)
		if ref.IsZero() {
			continue
		}
		whole, broken := "", map[string]string{}
		if i := slices.IndexFunc(halves, func(h Half) bool { return h.Private() == private }); i < 0 {
			if _, problem := c.zone(in.Estate, private); problem != nil {
				whole = problem.Summary
			}
		} else {
			h := halves[i]
			if ref.ID == "" && len(ref.Tags) == 0 { // known by its name alone
				ref = ZoneRef{ID: h.Zone.ID}
			}
			if err := failed[h.Zone.ID]; err != nil {
				whole = h.Failed("change records", err).Error()
			}
			for _, address := range slices.Sorted(maps.Keys(h.objects)) {
				if err := failed[address]; err != nil {
					broken[h.objects[address]] = h.Failed("change records", err).Error()
				}
			}
		}
		for _, d := range in.Records {
			o := Outcome{Object: d.Object, Zone: ref}
			for _, why := range []string{refused[d.Object], whole, broken[d.Object]} {
				if o.Err == "" {
					o.Err = why
				}
			}
			out = append(out, o)
		}
	}
	return out
}

// Failed is something that could not be done in the zone, with who tried: the
// other zone is not held up by it.
func (h Half) Failed(action string, err error) diag.Diagnostic {
	who := "the cluster's own credentials"
	if !h.Role.IsZero() {
		who = "the role " + h.Role.ARN
	}
	return diag.Diagnostic{
		Code: CodeFailed, Account: string(h.Zone.Account),
		Summary: fmt.Sprintf("could not %s in the %s zone %s (%s) with %s", action, sort(h.Zone.Private), h.Zone.Name, h.Zone.ID, who),
		Detail:  err.Error(),
	}
}

// Conditions of a record in a zone (openshift/api, DNSZoneStatus).
const (
	published = "Published"
	oldFailed = "Failed" // what Published has replaced
)

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	LastTransitionTime string `json:"lastTransitionTime,omitempty"`
	Reason             string `json:"reason,omitempty"`
	Message            string `json:"message,omitempty"`
}

type zoneStatus struct {
	Zone struct {
		ID   string            `json:"id,omitempty"`
		Tags map[string]string `json:"tags,omitempty"`
	} `json:"dnsZone"`
	Conditions []json.RawMessage `json:"conditions"`
}

// Status renders the DNSRecord objects with what came of them written into
// status.zones: a List in JSON, which is YAML, too, for
// `oc replace --subresource=status -f -`. All else in the objects stays as it
// was read, zones without an outcome included. A condition that says what it
// said before keeps its time.
func Status(records []DNSRecord, outcomes []Outcome, now time.Time) ([]byte, error) {
	list := struct {
		Version string        `json:"apiVersion"`
		Kind    string        `json:"kind"`
		Items   []config.Tree `json:"items"`
	}{"v1", "List", []config.Tree{}}
	for _, d := range records {
		item, err := d.withStatus(outcomes, now)
		if err != nil {
			return nil, fmt.Errorf("DNSRecord %s: %w", d.Object, err)
		}
		list.Items = append(list.Items, item)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(list)
	return b.Bytes(), err
}

func (d DNSRecord) withStatus(outcomes []Outcome, now time.Time) (config.Tree, error) {
	var zones []any
	old, _ := d.tree.At("status", "zones").Items()
	done := make([]bool, len(old))
	for _, o := range outcomes {
		if o.Object != d.Object || o.Zone.ID == "" && len(o.Zone.Tags) == 0 {
			continue
		}
		var before config.Tree
		for i, z := range old {
			if o.Zone.same(z.At("dnsZone")) && !done[i] {
				before, done[i] = z, true
			}
		}
		z, err := d.zoneStatus(o, before, now)
		if err != nil {
			return config.Tree{}, err
		}
		zones = append(zones, z)
	}
	for i, z := range old {
		if !done[i] {
			zones = append(zones, z)
		}
	}
	status := d.tree.At("status")
	var err error
	if len(zones) > 0 {
		if status, err = status.With("zones", zones); err != nil {
			return status, err
		}
	}
	if d.generation > 0 && len(outcomes) > 0 {
		if status, err = status.With("observedGeneration", d.generation); err != nil {
			return status, err
		}
	}
	if !status.There() {
		return d.tree, nil
	}
	return d.tree.With("status", status)
}

// same reports whether a zone in a status is the one that is meant.
func (z ZoneRef) same(t config.Tree) bool {
	id, _ := t.At("id").Text()
	tags := estate.Tags{}
	for _, k := range t.At("tags").Keys() {
		tags[k], _ = t.At("tags", k).Text()
	}
	return strings.TrimPrefix(id, "/hostedzone/") == z.ID && maps.Equal(tags, z.Tags)
}

func (d DNSRecord) zoneStatus(o Outcome, before config.Tree, now time.Time) (zoneStatus, error) {
	c := condition{Type: published, Status: "True", Reason: "ProviderSuccess", Message: "the record stands as wanted"}
	switch {
	case d.Unmanaged:
		c.Status, c.Reason, c.Message = "Unknown", "UnmanagedDNS", "the record is not managed here: dnsManagementPolicy is Unmanaged"
	case o.Err != "":
		c.Status, c.Reason, c.Message = "False", "ProviderError", o.Err
	case d.Going:
		c.Status, c.Reason, c.Message = "False", "ProviderSuccess", "the record is taken out, since the object is being deleted"
	}
	c.LastTransitionTime = now.UTC().Format(time.RFC3339)
	var out zoneStatus
	out.Zone.ID, out.Zone.Tags = o.Zone.ID, o.Zone.Tags
	others, _ := before.At("conditions").Items()
	var kept []json.RawMessage
	for _, other := range others {
		kind, _ := other.At("type").Text()
		switch kind {
		case published:
			status, _ := other.At("status").Text()
			if at, _ := other.At("lastTransitionTime").Text(); status == c.Status && at != "" {
				c.LastTransitionTime = at
			}
		case oldFailed:
		default:
			raw, err := json.Marshal(other)
			if err != nil {
				return out, err
			}
			kept = append(kept, raw)
		}
	}
	raw, err := json.Marshal(c)
	out.Conditions = append([]json.RawMessage{raw}, kept...)
	return out, err
}

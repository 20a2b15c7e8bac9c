package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Save is the file form of a plan: the same plan gives the same bytes.
func (p *Plan) Save() ([]byte, error) {
	raw, err := json.MarshalIndent(p, "", "  ")
	return append(raw, '\n'), err
}

// Load reads a saved plan of this version.
func Load(raw []byte) (*Plan, error) {
	var head struct{ Version int }
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("no plan: %w", err)
	}
	if head.Version != Version {
		return nil, fmt.Errorf("the plan has version %d; this orgdns reads version %d: plan again", head.Version, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	p := &Plan{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("no plan: %w", err)
	}
	addresses := map[string]bool{}
	for _, c := range p.Changes {
		addresses[c.Address] = true
	}
	for _, c := range p.Changes {
		if c.Before == nil && c.After == nil || c.Item().Kind() == "" {
			return nil, fmt.Errorf("no plan: change %q has no content", c.Address)
		}
		for _, d := range c.Needs {
			if !addresses[d.Address] {
				return nil, fmt.Errorf("no plan: change %q needs %q, which is not in it", c.Address, d.Address)
			}
		}
	}
	return p, nil
}

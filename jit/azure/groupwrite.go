package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit"
)

// fewChanges are made rule by rule also where whole groups may be written: a
// small write is quicker, and cannot meet somebody else's.
const fewChanges = 3

// writeGroup makes all changes of a network security group by one write of the
// whole, on the condition that nobody wrote it since it was read. Rules of
// other people are sent back as they were read. They succeed or fail together.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/create-or-update
func (c *Client) writeGroup(ctx context.Context, until time.Time, id *arm.ResourceID, changes []jit.Change) error {
	address := c.manager.address(id.String(), networkVersion)
	doc := fields{}
	if err := c.manager.get(ctx, address, &doc); err != nil {
		return err
	}
	etag, failed := doc.text("etag"), stateOf(doc).failed()
	changed, err := editRules(doc, changes)
	if err != nil || !changed && !failed {
		return err
	}
	poller, err := c.manager.begin(signed(ctx, signature(changes)), address, encode(doc), etag)
	if err != nil {
		return err
	}
	return await(ctx, until, c.poll, poller)
}

// editRules makes changes in the document of a network security group, and
// reports whether there were any to make.
func editRules(doc fields, changes []jit.Change) (changed bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, err
	}
	var rules []json.RawMessage
	if err := unmarshal(properties["securityRules"], &rules); err != nil {
		return false, err
	}
	for _, change := range changes {
		i := slices.IndexFunc(rules, func(raw json.RawMessage) bool {
			var named fields
			return json.Unmarshal(raw, &named) == nil && strings.EqualFold(named.text("name"), change.Name())
		})
		if change.Put == nil && i < 0 {
			continue
		}
		changed = true
		if i >= 0 {
			rules = slices.Delete(rules, i, i+1)
		}
		if change.Put != nil {
			rule, err := json.Marshal(toRule(*change.Put))
			if err != nil {
				return false, fmt.Errorf("writing rule %s: %w", change.Put.Name, err)
			}
			rules = append(rules, rule)
		}
	}
	properties["securityRules"] = encode(rules)
	// What only Azure says of it need not be sent back.
	for _, name := range []string{"provisioningState", "resourceGuid", "defaultSecurityRules", "networkInterfaces", "subnets", "flowLogs"} {
		delete(properties, name)
	}
	delete(doc, "etag")
	doc["properties"] = encode(properties)
	return changed, nil
}

package azure

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// fewChanges are made rule by rule also where whole groups may be written: a
// small write is quicker, and cannot meet somebody else's.
const fewChanges = 3

// applyAsGroup makes changes by one write where that may be and is worth it. Not done
// means that they are to be made rule by rule; see writeGroup.
func (c *Client) applyAsGroup(
	ctx context.Context, until time.Time, id *arm.ResourceID, changes []rules.Change,
) (outcomes []error, done bool) {
	if !c.groupWrites {
		return nil, false
	}
	for range groupTries {
		done, err := c.writeGroup(ctx, until, id, changes)
		if !errors.Is(err, errStale) {
			return eachOutcome(id.String(), changes, err), done
		}
	}
	return nil, false // whoever writes all the time keeps single rules from nobody
}

// groupTries is how often a write of the whole starts over because somebody wrote the
// group since it was read.
const groupTries = 3

// writeGroup makes all changes of a network security group by one write of the
// whole, on the condition that nobody wrote it since it was read. Rules of
// other people are sent back as they were read. They succeed or fail together.
// A group whose last change failed is written again, whatever it shows.
//
// Not done means that the changes are to be made rule by rule: they are few, or
// the group cannot be read now, or has no etag, without which there is no
// condition, or one rule is not taken, which keeps no other back, or the role may
// write single rules only.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/create-or-update
func (c *Client) writeGroup(ctx context.Context, until time.Time, id *arm.ResourceID, changes []rules.Change) (done bool, err error) {
	address := c.manager.address(id.String())
	doc := fields{}
	if err := c.manager.resource(ctx, id.String(), "", &doc); err != nil {
		return false, nil //nolint:nilerr // a rule does not stay because the group cannot be read
	}
	etag, failed := doc.text("etag"), stateOf(doc).failed()
	if etag == "" || len(changes) < fewChanges && !failed {
		return false, nil
	}
	changed, err := editRules(doc, changes)
	if err != nil || !changed && !failed {
		return false, err // what is read may be older than a rule that is to be removed
	}
	poller, err := c.manager.begin(withRequestID(ctx, requestIDRule(changes)), address, encode(doc), etag)
	if err == nil {
		err = await(ctx, until, c.poll, poller)
	}
	return !errors.Is(err, jit.ErrInvalid) && !errors.Is(err, jit.ErrForbidden), err
}

// editRules makes changes in the document of a network security group, and
// reports whether there were any to make.
func editRules(doc fields, changes []rules.Change) (changed bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, err
	}
	var rules []json.RawMessage
	if err := unmarshal(properties["securityRules"], &rules); err != nil {
		return false, err
	}
	for _, change := range changes {
		i := ruleAt(rules, change.Name())
		if change.Put == nil && i < 0 {
			continue
		}
		changed = true
		if i >= 0 {
			rules = slices.Delete(rules, i, i+1)
		}
		if change.Put != nil {
			rules = append(rules, encode(toRule(*change.Put)))
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

// ruleAt is the place of a rule in a list, by its name, whose case does not
// count; -1 when it is not there.
func ruleAt(rules []json.RawMessage, name string) int {
	return slices.IndexFunc(rules, func(raw json.RawMessage) bool {
		var named fields
		return json.Unmarshal(raw, &named) == nil && strings.EqualFold(named.text("name"), name)
	})
}

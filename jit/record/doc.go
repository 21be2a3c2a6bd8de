// Package record is what is done with the record once it is written: it is checked,
// searched and exported.
//
// It is pure: it is given lines and gives verdicts, texts and bytes. A Chain finds
// each line that was changed, removed or moved, and a cut end where an anchor lies
// before it. ParseLine takes only the very bytes that Line gives, so that no change of
// an export goes unseen. CSV holds nothing that a spreadsheet would run.
package record

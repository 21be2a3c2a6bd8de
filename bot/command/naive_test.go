package command_test

import (
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot/command"
	"jitbot/jit/text"
)

// naive is a request as somebody reads it who knows nothing of how the program does:
// what looks like a duration is one, and so on, each by itself.
type naive struct {
	VMs, Ports, Sources []string
	Seconds             int
	Reason              string
}

const naiveSeparators = " ,;、，；،"

var (
	naiveFor    = []string{"for", "für", "fuer", "pour", "para"}
	naivePort   = regexp.MustCompile(`^([0-9]+)(?:-([0-9]+))?(?:/(tcp|udp))?$`)
	naiveQuoted = regexp.MustCompile("^[\"'`“”„‟‘’‚‛«»‹›].* .*[\"'`“”„‟‘’‚‛«»‹›]$")
	naiveAtoms  = regexp.MustCompile(`[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+|[½¼¾]|\pL[\pL\pM]*|\S`)
	naiveISO    = regexp.MustCompile(`^p([0-9]+d)?(?:t([0-9]+h)?([0-9]+m)?([0-9]+s)?)?$`)
	naiveLittle = []string{"and", "und", "et", "y", "&", "+", "port", "ports", "on", "via", "over", "using", "with"}

	naiveNamed = map[string][]string{"ssh": {"22/tcp"}, "rdp": {"3389/tcp"}, "winrm": {"5985/tcp", "5986/tcp"}}

	naiveUnits = map[float64]string{
		86400: " d day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar день дня дней 日間 天 ",
		3600: " h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren timme timmar timer godz godzina godziny " +
			"godzin hodina hodiny hodin tunti tuntia saat ч час часа часов година години годин 時間 小时 小時 个小时 個小時 시간 ",
		60: " m min mins mn minute minutes minuten minuto minutos minuti minuut minuter minutter minuta minuty minut minutit minuuttia " +
			"dakika мин минута минуту минуты минут хвилина хвилину хвилини хвилин 分 分間 分钟 分鐘 분 ",
		1: " s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi seconden sekunder sekund " +
			"секунд секунды 秒 秒間 초 ",
	}
	naiveNumbers = []string{
		"", "one ein eine einer einen un une una uno uma een één одна один a an", "two zwei deux dos due dois duas twee два две 两 二",
		"three drei trois tres tre três drie три 三", "four vier quatre cuatro quattro quatro четыре 四", "five fünf fuenf cinq cinco cinque vijf пять 五",
		"six sechs sei zes шесть 六", "seven sieben sept siete sette zeven 七", "eight acht huit ocho otto oito 八",
		"nine neun neuf nueve nove negen 九", "ten zehn dix diez dieci dez tien 十", "eleven elf onze", "twelve zwölf zwoelf douze doce dodici doze twaalf",
		"", "", "fifteen fünfzehn quinze quince", "", "", "", "", "twenty zwanzig vingt veinte", "", "", "", "", "", "", "", "", "",
		"thirty dreißig trente treinta trenta",
	}
	naiveMore  = map[string]float64{"forty": 40, "fortyfive": 45, "fifty": 50, "sixty": 60, "ninety": 90, "anderthalb": 1.5, "eineinhalb": 1.5, "anderhalf": 1.5, "zweieinhalb": 2.5}
	naiveHalf  = []string{"half", "halbe", "halben", "media", "meia", "mezza", "demi", "demie", "halve"}
	naiveWhole = map[string]float64{
		"半小时": 1800, "半小時": 1800, "半个小时": 1800, "半時間": 1800, "一小时": 3600, "一小時": 3600, "两小时": 7200, "mezzora": 1800, "полчаса": 1800,
	}
)

func naiveUnit(word string) float64 {
	for size, words := range naiveUnits {
		if word != "" && strings.Contains(words, " "+word+" ") {
			return size
		}
	}
	return 0
}

func naiveNumber(word string) (float64, bool) {
	for n, words := range naiveNumbers {
		if slices.Contains(strings.Fields(words), word) {
			return float64(n), true
		}
	}
	if n, ok := map[string]float64{"½": .5, "¼": .25, "¾": .75}[word]; ok {
		return n, true
	}
	if n, ok := naiveMore[word]; ok {
		return n, true
	}
	n, err := strconv.ParseFloat(strings.Replace(word, ",", ".", 1), 64)
	return n, err == nil && strings.ContainsAny(word[:1], ".,0123456789")
}

// naiveSeconds reads a text that is a duration and nothing else; 0 when it is none.
func naiveSeconds(s string) (total float64) {
	if m := naiveISO.FindStringSubmatch(s); m != nil {
		s = strings.Join(m[1:], "")
	}
	s = strings.NewReplacer("'", "", "’", "").Replace(s)
	if n, ok := naiveWhole[strings.TrimRight(s, ".")]; ok {
		return n
	}
	atoms := naiveAtoms.FindAllString(s, -1)
	number, unit, halved := 0.0, 0.0, false
	for i, a := range atoms {
		next := ""
		if i+1 < len(atoms) {
			next = atoms[i+1]
		}
		n, isNumber := naiveNumber(a)
		switch size := naiveUnit(a); {
		case size > 0 && number > 0:
			total, unit, number, halved = total+number*size, size, 0, false
		case slices.Contains(naiveHalf, a) && naiveUnit(next) == 0 && next != "a" && next != "an" && next != "-" && unit > 0:
			total += unit / 2
		case slices.Contains(naiveHalf, a) && number > 1:
			number += .5
		case slices.Contains(naiveHalf, a):
			if number, halved = .5, true; i > 1 && slices.Contains(naiveLittle, atoms[i-1]) || i > 2 && atoms[i-1] == "a" {
				number = 1.5
			}
		case a == "quarter" && unit > 0 && number <= 1 && naiveUnit(next) == 0 && next != "of":
			total, number = total+unit/4, 0
		case a == "quarter" || a == "quarters":
			number = max(number, 1) / 4
		case isNumber && unit == 3600 && next == "" && len(a) == 2 && strings.HasSuffix(s, a) && !strings.HasSuffix(s, " "+a):
			total += 60 * n
		case isNumber && strings.ContainsAny(a, "½¼¾"):
			number += n
		case (a == "a" || a == "an") && slices.Contains([]string{"second", "s", "m", "h", "d"}, next):
			return 0 // a second look
		case (a == "a" || a == "an") && (number > 0 || unit > 0):
		case isNumber && !halved && number == 0:
			number = n
		case a == "of", a == ".", slices.Contains([]string{"and", "und", "et", "y", "e", "en", "&", "+"}, a):
		case a == "-" && len([]rune(next)) >= 3:
		default:
			return 0
		}
	}
	if number > 0 {
		return 0
	}
	return total
}

func naiveClean(word string) string {
	word = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case strings.ContainsRune("–‐‑−—", r):
			return '-'
		}
		return r
	}, strings.Trim(word, "\"'`“”„‟‘’‚‛«»‹›"))
	return strings.ToLower(strings.TrimSuffix(word, ":"))
}

// naiveWord is a word, and what comes after it.
type naiveWord struct{ word, rest string }

func naiveWords(line string) (out []naiveWord) {
	for line != "" {
		i := strings.IndexAny(line, naiveSeparators)
		if m := regexp.MustCompile(`^[0-9]+[,，][0-9]{1,4} ?\pL+`).FindString(naiveClean(line)); m != "" && len(line) == len(naiveClean(line)) {
			if unit := strings.TrimLeft(m, "0123456789,， "); naiveUnit(unit) > 0 {
				i = len(m) - len(unit)
				if line[i-1] == ' ' {
					i--
				} else {
					i = len(m)
				}
			}
		}
		if i < 0 {
			i = len(line)
		}
		if i > 0 {
			out = append(out, naiveWord{naiveClean(line[:i]), strings.TrimLeft(line[i:], naiveSeparators)})
		}
		line = strings.TrimLeft(line[i:], " ")
		if line != "" && strings.ContainsRune(naiveSeparators, []rune(line)[0]) {
			line = strings.TrimLeft(line, naiveSeparators)
		}
	}
	return out
}

// naiveRead reads a request.
func naiveRead(line string) (n naive) {
	words := naiveWords(line)
	for i := 0; i < len(words); {
		w := words[i].word
		seconds, taken := naiveLongest(words[i:])
		after, afterTaken := 0.0, 0
		quoted := slices.Contains(naiveFor, w) && naiveQuoted.MatchString(words[i].rest)
		if slices.Contains(naiveFor, w) && !quoted {
			after, afterTaken = naiveLongest(words[i+1:])
		}
		switch {
		case afterTaken > 0:
			n.Seconds, i = n.Seconds+int(math.Round(after)), i+1+afterTaken
		case slices.Contains(naiveFor, w) || quoted:
			n.Reason = words[i].rest
			return n
		case taken > 0:
			n.Seconds, i = n.Seconds+int(math.Round(seconds)), i+taken
		case w == "from" && i+1 < len(words):
			source, skip := words[i+1].word, 2
			if source == "my" {
				source, skip = "me", 3
			}
			n.Sources, i = append(n.Sources, source), i+skip
		case slices.Contains(naiveLittle, w) || i == 0 && (w == "/jit" || w == "request") || i == 1 && w == "request" && words[0].word == "/jit":
			i++
		case naiveNamed[w] != nil:
			n.Ports, i = append(n.Ports, naiveNamed[w]...), i+1
		case naivePort.MatchString(w):
			n.Ports, i = append(n.Ports, w), i+1
		default:
			if !slices.Contains(n.VMs, w) {
				n.VMs = append(n.VMs, w)
			}
			i++
		}
	}
	return n
}

// naiveLongest is the longest duration at the beginning of the words.
func naiveLongest(words []naiveWord) (seconds float64, taken int) {
	all := ""
	for i, w := range words[:min(len(words), 9)] {
		all = strings.TrimSpace(all + " " + w.word)
		if s := naiveSeconds(strings.TrimRight(all, ".")); s > 0 {
			seconds, taken = s, i+1
		}
	}
	return seconds, taken
}

// of is the request that was read, in the words of the naive reader.
func naiveOf(c command.Command) (n naive) {
	for _, vm := range c.Ask.VMs {
		n.VMs = append(n.VMs, strings.ToLower(vm))
	}
	n.Ports = strings.Fields(ports(c.Ask.Ports))
	for _, s := range c.Ask.Sources {
		n.Sources = append(n.Sources, s.String())
	}
	if c.Mine {
		n.Sources = append(n.Sources, "me")
	}
	n.Seconds, n.Reason = int(c.Ask.Duration/time.Second), c.Ask.Reason
	return n
}

// comparable makes the same of what is the same.
func (n naive) comparable() naive {
	for i, p := range n.Ports {
		if m := naivePort.FindStringSubmatch(p); m != nil && m[1] == m[2] {
			n.Ports[i] = strings.Replace(p, "-"+m[2], "", 1)
		}
	}
	slices.Sort(n.Ports)
	n.Ports = slices.Compact(n.Ports)
	for i, s := range n.Sources {
		s = strings.NewReplacer("[", "", "]", "").Replace(s)
		if a, err := netip.ParseAddr(s); err == nil {
			n.Sources[i] = netip.PrefixFrom(a, a.BitLen()).String()
		} else if p, err := netip.ParsePrefix(s); err == nil {
			n.Sources[i] = p.String()
		}
	}
	n.Reason = strings.Trim(n.Reason, "\"'`“”„‟‘’‚‛«»‹› ")
	if len(n.Ports) == 0 {
		n.Ports = nil
	}
	return n
}

// checkNaive wants what is asked for to be what the naive reader says, or a question.
func checkNaive(t *testing.T, line string) {
	t.Helper()
	if strings.ContainsAny(line, "<>&") {
		return // what Slack makes of names and links is read by tables
	}
	c, err := command.Parse(line)
	if err != nil || c.Verb != command.VerbRequest {
		return
	}
	want, got := naiveRead(text.Clean(line)).comparable(), naiveOf(c).comparable()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-naive +asked for):\n%s", line, diff)
	}
}

// FuzzLines asks for nothing that a naive reader of the line would not ask for.
func FuzzLines(f *testing.F) {
	lines, _ := typedLines(f)
	for _, line := range lines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) { checkNaive(t, "request "+strings.TrimPrefix(line, "request ")) })
}

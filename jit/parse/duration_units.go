package parse

import (
	"strconv"
	"strings"
	"time"
)

// durationUnit is what is counted.
type durationUnit struct {
	rank int // days before hours before minutes before seconds, each once
	size time.Duration
}

// unitWords are the units by their names, in the languages in which these mean
// nothing else.
func unitWords() map[string]durationUnit {
	out := map[string]durationUnit{}
	for rank, u := range []struct {
		size  time.Duration
		words string
	}{
		{24 * time.Hour, "d day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar " +
			"день дня дней 日間 天"},
		{time.Hour, "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren timme timmar timer godz godzina " +
			"godziny godzin hodina hodiny hodin tunti tuntia saat " +
			"ч час часа часов година години годин 時間 小时 小時 个小时 個小時 시간"},
		{time.Minute, "m min mins mn minute minutes minuten minuto minutos minuti minuut minuter minutter minuta minuty minut minutit " +
			"minuuttia dakika мин минута минуту минуты минут " +
			"хвилина хвилину хвилини хвилин 分 分間 分钟 分鐘 분"},
		{time.Second, "s sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi seconden " +
			"sekunder sekund секунд секунды 秒 秒間 초"},
	} {
		for word := range strings.FieldsSeq(u.words) {
			out[word] = durationUnit{rank + 1, u.size}
		}
	}
	return out
}

// IsUnit reports whether a word names what durations are counted in: h, hours,
// Stunden.
func IsUnit(word string) bool {
	_, ok := unitWords()[strings.TrimRight(strings.ToLower(Fold(word)), ".")]
	return ok
}

// one is 1 as numbers of durations are counted, so that 1.5 is one too.
const one = 1000

// numberWords are numbers by their names.
func numberWords() map[string]uint64 {
	out := map[string]uint64{
		"anderthalb": 1500, "eineinhalb": 1500, "anderhalf": 1500, "zweieinhalb": 2500,
		"fifteen": 15 * one, "twenty": 20 * one, "thirty": 30 * one, "forty": 40 * one, "fortyfive": 45 * one, "fifty": 50 * one,
		"sixty": 60 * one, "ninety": 90 * one, "fünfzehn": 15 * one, "zwanzig": 20 * one, "dreißig": 30 * one, "quinze": 15 * one,
		"vingt": 20 * one, "trente": 30 * one, "quince": 15 * one, "veinte": 20 * one, "treinta": 30 * one, "trenta": 30 * one,
	}
	for i, words := range []string{
		"one ein eine einer einen un une una uno uma een één одна один", "two zwei deux dos due dois duas twee два две 两 二",
		"three drei trois tres tre três drie три 三", "four vier quatre cuatro quattro quatro четыре 四",
		"five fünf fuenf cinq cinco cinque vijf пять 五", "six sechs sei zes шесть 六", "seven sieben sept siete sette zeven 七",
		"eight acht huit ocho otto oito 八", "nine neun neuf nueve nove negen 九", "ten zehn dix diez dieci dez tien 十",
		"eleven elf onze", "twelve zwölf zwoelf douze doce dodici doze twaalf",
	} {
		for word := range strings.FieldsSeq(words) {
			out[word] = uint64(i+1) * one
		}
	}
	return out
}

// wholeWords are durations of one word.
func wholeWords() map[string]string {
	return map[string]string{
		"半小时": "30m", "半小時": "30m", "半个小时": "30m", "半時間": "30m", "mezzora": "30m", "полчаса": "30m",
		"一小时": "1h", "一小時": "1h", "两小时": "2h",
	}
}

func isHalf(word string) bool {
	switch word {
	case "half", "halbe", "halben", "media", "meia", "mezza", "demi", "demie", "halve":
		return true
	}
	return false
}

func isArticle(word string) bool { return word == "a" || word == "an" }

func isAnd(word string) bool {
	switch word {
	case "and", "und", "et", "y", "e", "en", "&", "+":
		return true
	}
	return false
}

// thousandths reads a number as it is written, with a point or a comma. What may
// mean thousands as well, or two ports, is not read.
func thousandths(s string) (n uint64, ok bool) {
	whole, part, comma := strings.Cut(s, ",")
	point := false
	if !comma {
		whole, part, point = strings.Cut(s, ".")
	}
	usual := len(part) == 1 || part == "25" || part == "50" || part == "75"
	if comma && !usual || point && (len(part) < 1 || len(part) > 2) {
		return 0, false
	}
	n, err := strconv.ParseUint("0"+whole, 10, 64)
	if err != nil || n > 1<<40 {
		return 1 << 50, true // more than fits: too long, whatever is counted
	}
	for len(part) < 3 {
		part += "0"
	}
	fraction, err := strconv.ParseUint(part, 10, 64)
	return n*one + fraction, err == nil
}

// IsNumber reports whether a word is a number, in digits or by its name.
func IsNumber(word string) bool {
	atoms, ok := atomsOfWord(word)
	return ok && len(atoms) == 1 && atoms[0].isNumber()
}

"""Families of arithmetic word problems: each draws its words and numbers and works the answer out.

Numbers are drawn so that every result is a whole number above 0.
"""

from collections.abc import Callable

from data_v5.problems.worked_problems import Draw, Problem, Working


def shopping(draw: Draw) -> Problem:
    who, item, work = draw.person(), draw.one("notebooks", "pencil cases", "rulers"), Working()
    count, price = draw.number(2, 8), draw.number(2, 9)
    total = work.step(f"The {item} cost $", price, "*", count)
    note = next(note for note in (10, 20, 50, 100) if note > total)
    work.step(f"{who.name} gets back $", note, "-", total)
    question = draw.one(
        f"{who.name} buys {count} {item} at ${price} each and pays with a ${note} note. "
        f"How much change does {who.he} get?",
        f"At the stationer's, {item} cost ${price} each. {who.name} takes {count} of them and "
        f"pays with a ${note} note. How many dollars of change does {who.he} get back?",
    )
    return Problem(question, work)


def bakery(draw: Draw) -> Problem:
    who, item, work = draw.person(), draw.one("rolls", "muffins", "pretzels"), Working()
    trays, on_each = draw.number(3, 9), draw.number(8, 24, 2)
    baked = work.step(f"{who.name} bakes", trays, "*", on_each, f" {item}.")
    sold = draw.number(baked // 2, baked - 3)
    work.step("At closing time there are", baked, "-", sold, f" {item} left.")
    question = draw.one(
        f"{who.name}, a baker, bakes {trays} trays of {item} with {on_each} {item} on each tray. "
        f"By closing time {sold} of them are sold. How many {item} are left?",
        f"{who.name} runs a bakery. This morning {who.he} baked {trays} trays of {on_each} {item} "
        f"each, and customers bought {sold} {item}. How many {item} are left at closing time?",
    )
    return Problem(question, work)


def reading(draw: Draw) -> Problem:
    who, work = draw.person(), Working()
    daily, days, more_days = draw.number(12, 30), draw.number(3, 8), draw.number(2, 6)
    faster = draw.number(35, 60, 5)
    pages = daily * days + faster * more_days
    read = work.step(f"So far {who.name} has read", daily, "*", days, " pages.")
    left = work.step(f"{who.his.capitalize()} book has", pages, "-", read, " pages left.")
    work.step(f"They take {who.name}", left, "/", faster, " days.")
    question = draw.one(
        f"{who.name} is reading a book of {pages} pages. For {days} days {who.he} reads {daily} "
        f"pages a day, and from then on {faster} pages a day. How many more days does {who.he} "
        "need to finish the book?",
        f"A book has {pages} pages. {who.name} has read {daily} pages on each of the last {days} "
        f"days. If {who.he} reads {faster} pages a day from now on, in how many days will "
        f"{who.he} finish the book?",
    )
    return Problem(question, work)


def passengers(draw: Draw) -> Problem:
    work, vehicle = Working(), draw.one("bus", "tram", "ferry")
    start, off, on = draw.number(20, 60), draw.number(4, 18), draw.number(3, 25)
    stayed = work.step(f"Without those who get off, the {vehicle} has", start, "-", off,
                       " passengers.")  # fmt: skip
    work.step("With those who get on, it has", stayed, "+", on, " passengers.")
    question = draw.one(
        f"A {vehicle} sets out with {start} passengers. At the first stop {off} passengers get off "
        f"and {on} get on. How many passengers are on the {vehicle} now?",
        f"There are {start} passengers on a {vehicle}. At the next stop {off} passengers get off "
        f"and {on} new ones get on. How many passengers does the {vehicle} carry then?",
    )
    return Problem(question, work)


def saving(draw: Draw) -> Problem:
    who, goal, work = draw.person(), draw.one("bicycle", "guitar", "tent"), Working()
    weekly, weeks, gift = draw.number(5, 20), draw.number(4, 12), draw.number(10, 40, 5)
    saved = work.step(f"{who.name} saves $", weekly, "*", weeks)
    owned = work.step(f"With the present {who.he} has $", saved, "+", gift)
    price = owned + draw.number(10, 90)
    work.step(f"{who.name} still needs $", price, "-", owned)
    question = draw.one(
        f"{who.name} is saving for a {goal} that costs ${price}. {who.he.capitalize()} puts aside "
        f"${weekly} a week for {weeks} weeks and gets ${gift} from {who.his} aunt as a present. "
        f"How much money does {who.name} still need?",
        f"A {goal} costs ${price}. {who.name} has saved ${weekly} a week for {weeks} weeks, and "
        f"got ${gift} as a present. How much more money does {who.he} need for the {goal}?",
    )
    return Problem(question, work)


def journey(draw: Draw) -> Problem:
    who, work = draw.person(), Working()
    fast, slow = draw.number(70, 120, 10), draw.number(30, 60, 10)
    first, second = draw.number(2, 5), draw.number(2, 4)
    motorway = work.step("The motorway part is", fast, "*", first, " kilometres.")
    country = work.step("The part on country roads is", slow, "*", second, " kilometres.")
    work.step(f"Altogether {who.name} drives", motorway, "+", country, " kilometres.")
    question = draw.one(
        f"{who.name} drives for {first} hours on the motorway at {fast} kilometres per hour, and "
        f"then for {second} hours on country roads at {slow} kilometres per hour. How many "
        f"kilometres does {who.he} drive altogether?",
        f"{who.name} drives at {fast} kilometres per hour on the motorway for {first} hours, and "
        f"at {slow} kilometres per hour on country roads for another {second} hours. How many "
        "kilometres long is the journey?",
    )
    return Problem(question, work)


def fencing(draw: Draw) -> Problem:
    work, plot = Working(), draw.one("garden", "meadow", "playground")
    length, width, price = draw.number(12, 40), draw.number(5, 11), draw.number(3, 15)
    sides = work.step("A long side and a short one are", length, "+", width, " metres.")
    around = work.step("The fence is", sides, "*", 2, " metres long.")
    work.step("It costs $", price, "*", around)
    question = draw.one(
        f"A rectangular {plot} is {length} metres long and {width} metres wide. A fence is to go "
        f"all the way around it, at ${price} per metre. How much does the fence cost?",
        f"A town puts a fence all the way around a rectangular {plot} of {length} metres by "
        f"{width} metres. How much does the fence cost at ${price} per metre?",
    )
    return Problem(question, work)


def sharing(draw: Draw) -> Problem:
    (who, friend), item, work = draw.people(), draw.one("marbles", "stickers", "shells"), Working()
    children, each, kept = draw.number(3, 8), draw.number(4, 15), draw.number(5, 20)
    total, before = children * each + kept, draw.number(2, 9)
    shared = work.step(f"{who.name} shares out", total, "-", kept, f" {item}.")
    share = work.step("Each child gets", shared, "/", children, f" {item}.")
    work.step(f"Then {friend.name} has", share, "+", before, f" {item}.")
    question = draw.one(
        f"{who.name} has {total} {item}, keeps {kept} and shares the others equally among "
        f"{children} children. One of the children is {friend.name}, who had {before} {item} "
        f"before. How many {item} does {friend.name} have now?",
        f"{children} children share {who.name}'s {total} {item} equally, except {kept} which "
        f"{who.he} keeps. {friend.name} is one of the children and had {before} {item} before. "
        f"How many {item} does {friend.name} have now?",
    )
    return Problem(question, work)


def wages(draw: Draw) -> Problem:
    who, place, work = draw.person(), draw.one("café", "restaurant", "hotel"), Working()
    hourly, hours, tips = draw.number(11, 19), draw.number(4, 9), draw.number(10, 60)
    daily = work.step(f"For {hours} hours {who.name} is paid $", hourly, "*", hours)
    both = work.step(f"With tips, a day brings {who.name} $", daily, "+", tips)
    days = draw.number(2, 5)
    work.step(f"In {days} days that makes $", both, "*", days)
    question = draw.one(
        f"{who.name} works in a {place} for ${hourly} an hour, {hours} hours a day, and gets "
        f"${tips} a day in tips. How much does {who.he} earn in {days} days?",
        f"In a {place}, {who.name} is paid ${hourly} an hour and works {hours} hours a day. Tips "
        f"come to ${tips} a day. How much does {who.he} earn in {days} days of work?",
    )
    return Problem(question, work)


def recipe(draw: Draw) -> Problem:
    who, dish, work = draw.person(), draw.one("pancakes", "dumplings", "waffles"), Working()
    people, grams, times = draw.number(2, 6), draw.number(40, 90, 5), draw.number(2, 5)
    flour, guests = people * grams, people * times
    each = work.step("One person needs", flour, "/", people, " grams of flour.")
    work.step(f"{who.name} needs", each, "*", guests, " grams of flour.")
    question = draw.one(
        f"A recipe of {dish} for {people} people takes {flour} grams of flour. How many grams of "
        f"flour does {who.name} need to make {dish} for {guests} people?",
        f"{who.name} makes {dish} for {guests} people. The recipe is for {people} people and takes "
        f"{flour} grams of flour. How many grams of flour does {who.name} need?",
    )
    return Problem(question, work)


def filling(draw: Draw) -> Problem:
    work, vessel = Working(), draw.one("tank", "pool", "rain barrel")
    rate, minutes, inside = draw.number(6, 25), draw.number(5, 30), draw.number(20, 90, 10)
    room = rate * minutes + inside
    missing = work.step(f"The {vessel} has room for another", room, "-", inside, " litres.")
    work.step("To fill it takes", missing, "/", rate, " minutes.")
    question = draw.one(
        f"A {vessel} holds {room} litres of water and has {inside} litres in it. A hose adds "
        f"{rate} litres of water per minute. After how many minutes is the {vessel} full?",
        f"How many minutes does a hose that gives {rate} litres of water per minute take to fill "
        f"a {vessel} of {room} litres, in which there are {inside} litres of water already?",
    )
    return Problem(question, work)


def ages(draw: Draw) -> Problem:
    (who, friend), work = draw.people(), Working()
    age, older, years = draw.number(6, 15), draw.number(2, 9), draw.number(3, 12)
    other = work.step(f"{friend.name} is", age, "+", older, " years old.")
    work.step(f"In {years} years {friend.name} will be", other, "+", years, " years old.")
    question = (
        f"{who.name} is {age} years old and {friend.name} is {older} years older. How old will "
        f"{friend.name} be in {years} years?"
    )
    return Problem(question, work)


# How often each is drawn, so that clusters come in all sizes.
FAMILIES: dict[Callable[[Draw], Problem], int] = {
    shopping: 14,
    bakery: 12,
    reading: 12,
    passengers: 10,
    saving: 10,
    journey: 9,
    fencing: 8,
    sharing: 8,
    wages: 6,
    recipe: 5,
    filling: 4,
    ages: 2,
}

"""Word lists for reading imperative English without a language model."""

# Verbs that instructions to a programmer open with. Those that open a noun phrase more often
# ("list comprehension", "default value", "base class") are left out.
_VERBS = """
    abort accept access accumulate activate adapt add address adjust adopt aggregate align
    allocate allow alter amend analyse analyze annotate append apply arrange assert assign
    attach avoid await batch break bring build bump cache calculate call cap cast catch change
    check choose clamp clarify clean clear close collapse collect combine comment compare
    compile complete compress compute condense configure confirm consolidate construct contain
    convert copy correct count cover create cut deal debug declare decode decorate decouple
    decrease dedupe deduplicate default defer define delegate delete deprecate derive describe
    deserialize detect determine develop differentiate disable disallow discard display
    distinguish divide document downgrade drop dump edit eliminate emit empty enable encapsulate
    enclose encode encrypt enforce enhance ensure enumerate escape establish evaluate exclude
    execute exit expand export expose express extend extract factor fetch fill filter finish fix
    flatten flip flush fold forbid format forward free freeze gather generalise generalize
    generate get give group guarantee guard halt handle harden hide hold honor honour identify
    ignore implement import improve include increase increment indent index infer inherit
    initialise initialize inject inline insert inspect instantiate integrate introduce invert
    invoke isolate iterate join keep launch leave let lift limit load lock log loop lower
    lowercase maintain make map mark match measure memoize merge migrate minimise minimize
    mirror modernise modernize modify monitor move narrow need normalise normalize notify obtain
    omit open optimise optimize organise organize output overload override pad parallelise
    parallelize parametrise parametrize parse partition pass patch perform permit persist place
    polish populate port prefer prefix prepare present preserve prevent print process produce
    profile prohibit protect provide prune push put quote raise read rearrange rebuild recompute
    record recover redesign reduce refactor refine reformat refuse register reimplement reject
    relax release reload remove rename render reorder reorganise reorganize repair repeat
    replace report require reset resolve respect restore restrict restructure rethrow retrieve
    retry return reuse reverse revert revise rework rewrite round route run sanitise sanitize
    save scale scan schedule search secure select send separate serialise serialize serve set
    shift shorten show shrink shuffle simplify skip slice sort specify speed split stabilise
    stabilize standardise standardize start stop store stream strengthen strip subclass subtract
    supply support suppress swap switch synchronise synchronize take terminate test throttle
    throw tidy tighten toggle track transform translate transpose treat trim truncate tune turn
    unify unpack unwrap update upgrade uppercase use validate vectorise vectorize verify wait
    warn weaken widen wire wrap write yield
"""
_DETERMINERS = """
    a an the this that these those its their his her my our your all any both each every either
    some such no another one two three more most other same own new existing current
"""
# They end a noun phrase.
_STOPPERS = """
    to of in on at for from by with without within into onto as so and or but that which who
    whose where when while if unless until than then is are was were be been being has have had
    does do did can could should would will may might must before after because since via using
    under over above below between across through during against about per instead rather not it
    them they he she you we there here only also too please directly properly correctly
    everywhere alone beyond exactly everything anything nothing in-place like
"""
# A name may follow these: "the function load".
_CODE_NOUNS = """
    function method class parameter argument variable attribute module constant file script
    program code property field
"""
_PARTICLES = "up out down off away back in over"

VERBS = frozenset(_VERBS.split())
DETERMINERS = frozenset(_DETERMINERS.split())
STOPPERS = frozenset(_STOPPERS.split())
CODE_NOUNS = frozenset(_CODE_NOUNS.split())
PARTICLES = frozenset(_PARTICLES.split())

# logit -- `make help` lists the targets.
#
# Overridable: CC  CXX  NVCC  CUDA=0|1  TURBO=0|1  MODE=release|debug|asan|tsan|coverage  PREFIX  LIBDIR
#              DESTDIR  V=1 (show commands)  WERROR=1
# CFLAGS, CPPFLAGS and LDFLAGS stand behind what is needed, and so win over it.
# Everything is built under build/MODE/, so that modes never mix; build/logit and build/draw are
# the release programs.  `make` alone needs the packages that `make deps` installs.

MAKEFLAGS += --no-builtin-rules
MODE    ?= release
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CXX     := $(if $(filter default,$(origin CXX)),g++,$(CXX))
NVCC    ?= $(firstword $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA    ?= $(if $(strip $(NVCC)),1,0)
Q        = $(if $(V),,@)
B       := build/$(MODE)

flags.release = -O3 -g -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong
flags.debug   = -O0 -g
flags.asan    = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
flags.tsan    = -O1 -g -fsanitize=thread
# What `make coverage` builds: every line counted.
flags.coverage = -O0 -g --coverage
# What `make fuzz` builds, with clang: everything watched, and the fuzzer told of every branch.
flags.fuzz    = -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# What `make msan` builds, with clang: reads of memory that nobody wrote.
flags.msan    = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,memory -fsanitize-memory-track-origins
ifeq ($(flags.$(MODE)),)
$(error MODE=$(MODE) is not one of: release debug asan tsan coverage fuzz msan)
endif

# No fast-math anywhere: float bits are promised.  Contraction off: fmaf is written where it is meant.
FLOATS   = -ffp-contract=off -fno-math-errno -fno-trapping-math
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wvla $(if $(WERROR),-Werror)
cppflags = -Iinclude -Isrc -I. -D_GNU_SOURCE $(CPPFLAGS)
cflags   = -std=c11 $(flags.$(MODE)) $(FLOATS) $(WARNINGS) -fPIC -fvisibility=hidden -pthread $(CFLAGS)
cxxflags = -std=c++17 $(flags.$(MODE)) $(FLOATS) $(WARNINGS) -fPIC -fvisibility=hidden -fno-exceptions \
           -fno-rtti -pthread $(CXXFLAGS)
ldflags  = $(filter -fsanitize% -fno-sanitize% --coverage,$(flags.$(MODE))) -pie -pthread -Wl,-z,relro,-z,now \
           $(LDFLAGS)
# libjpeg-turbo, for --decoder turbo.
TURBO    ?= $(shell pkg-config --exists libjpeg && echo 1 || echo 0)
LIBS      = -lcjson -larchive -lxxhash -lz -ldl -lm $(if $(filter 1,$(TURBO)),$(shell pkg-config --libs libjpeg))

# One object per instruction set from one source; which one runs is decided at run time.
ISA.x86_64 = avx2 avx512
ISA.avx2   = -mavx2 -mfma -mf16c
ISA.avx512 = -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mavx2 -mf16c -mprefer-vector-width=512
ISAS      := base $(ISA.$(shell uname -m))

base.o    := $(patsubst %.c,$B/%.o,$(wildcard src/base/*.c))
kernel.o  := $(foreach isa,$(ISAS),$B/src/core/cpu_kernels.$(isa).o)
lib.o     := $(base.o) $(kernel.o) $(patsubst %.c,$B/%.o,$(filter-out src/core/cpu_kernels.c,\
                $(wildcard src/core/*.c src/data/*.c src/train/*.c src/report/*.c)) src/logit.c)
cli.o     := $(patsubst %.c,$B/%.o,$(wildcard src/cli*.c))
main.o    := $B/src/main.o
# The CUDA backend is a plug-in; it brings a copy of base and of core's tables.  Its sources are
# compiled twice: for a GPU, and against the stand-in of tests/simt, which the tests open.
plugin.o  := $(base.o) $(addprefix $B/src/core/,lift.o loss.o optim.o precision.o)
cuda.o    := $(patsubst cuda/%,$B/cuda/%.o,$(wildcard cuda/*.cu cuda/*.c))
simt.o    := $(patsubst cuda/%,$B/simt/cuda/%.o,$(wildcard cuda/*.cu cuda/*.c))
rules.o   := $(patsubst tests/simt/%,$B/simt/%.o,$(filter-out tests/simt/try_%,$(wildcard tests/simt/*.cc tests/simt/*.S)))
try.o     := $(patsubst tests/simt/%,$B/simt/%.o,$(wildcard tests/simt/try_*.cc))
cuda.so   := $(if $(filter 1,$(CUDA)),$(if $(filter release,$(MODE)),$B/liblogit-cuda.so))
simt.so   := $B/tests/liblogit-simt.so $(if $(try.o),$B/tests/libtry.so)
draw.o    := $(patsubst %.c,$B/%.o,$(wildcard datasets/*.c))
test.o    := $(patsubst %.c,$B/%.o,$(filter-out tests/fuzz_%,$(wildcard tests/*.c)))
objects   := $(lib.o) $(cli.o) $(main.o) $(draw.o) $(test.o) $(cuda.o) $(simt.o) $(rules.o) $(try.o)

.DEFAULT_GOAL := all
.PHONY: all run print-nvcc print-gpus check check-built check-long check-kernels run-kernels test bench asan tsan tidy analyze hardening coverage soak fuzz fuzz-long msan check-gpu bench-gpu gpu-kit format format-check layers symbols \
        deps install uninstall clean help
.DELETE_ON_ERROR:

## all: build the command, the library, the CUDA plug-in (where nvcc is) and the drawing program
all: $B/logit $B/draw $B/liblogit.a $(cuda.so) $(if $(filter release,$(MODE)),build/logit build/draw)

## run: install what is missing, build, draw pets, train on them, explain what happened
run: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)datasets/demo

## check: install what is missing, build, and run every test
check:
	$(Q).ci/deps check
	$(Q)$(MAKE) --no-print-directory layers all check-built

## check-long: all that takes too long for check, as 300 kills, every call that can fail, soak, fuzzing
check-long: all $B/tests/libshim.so
	$(Q)LOGIT_KILLS=300 LOGIT_FAULT_STRIDE=1 LOGIT_SIGNALS=300 LOGIT_LOCK_ROUNDS=100 LOGIT_CHANGES=50 \
	    LOGIT_SANDBOX_KILLS=100 LOGIT_SOAK_STEPS=100000 \
	    tests/check $B kill fault full signal lock change sandbox soak
	$(Q)LOGIT_POWER=400 CK_RUN_SUITE=power $(MAKE) --no-print-directory test
	$(Q)LOGIT_FLIPS=100000 CK_RUN_SUITE=flips $(MAKE) --no-print-directory test
	$(Q)$(MAKE) --no-print-directory fuzz msan FUZZ_SECONDS=1200

## check-built: the tests of check, of what is built, installing nothing
check-built: symbols hardening $B/tests/libshim.so
	$(Q)$(MAKE) --no-print-directory test
	$(Q)$(MAKE) --no-print-directory check-kernels
	$(Q)tests/check $B

## check-kernels: the suites of kernels and stand-in under AddressSanitizer and UBSan, two at a time
check-kernels: ; $(Q)$(MAKE) --no-print-directory MODE=asan WERROR= run-kernels
kernel.suites = $(patsubst tests/test_%.c,%,$(wildcard tests/test_cuda_*.c tests/test_simt*.c))
run-kernels: $B/tests/run $(simt.so)
	$(Q)printf '%s\n' $(kernel.suites) | LOGIT_PLUGIN_DIR=$B/tests xargs -P 2 -I % \
	    env CK_RUN_SUITE=% CK_VERBOSITY=minimal $B/tests/run

## test: run the unit tests alone (CK_RUN_SUITE=ring for one suite, CK_FORK=no under a debugger)
test: $B/tests/run $(simt.so) $B/tests/libshim.so $B/logit $B/draw
	$(Q)LOGIT_BIN=$B/logit LOGIT_DRAW=$B/draw LOGIT_PLUGIN_DIR=$B/tests LOGIT_SHIM=$B/tests/libshim.so \
	    tests/suites $B/tests/run

## bench: measure this machine, beside PyTorch and scikit-learn where they are importable
bench: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/run

## asan: the tests under AddressSanitizer and UndefinedBehaviorSanitizer
asan: ; $(Q)$(MAKE) --no-print-directory MODE=asan test
## tsan: the tests of everything with threads under ThreadSanitizer
tsan: ; $(Q)$(MAKE) --no-print-directory MODE=tsan test

## check-gpu: the tests on a real GPU, compute-sanitizer, compare (one line where there is none)
check-gpu: $(if $(cuda.so),all $B/tests/run) ; $(Q)tests/gpu/run --check --sanitize --compare --report --kit $B
## bench-gpu: measure a real GPU, beside PyTorch on the same card (one line where there is none)
bench-gpu: $(if $(cuda.so),all $B/tests/run) ; $(Q)tests/gpu/run --bench --torch --report --kit $B
## gpu-kit: gather in build/gpu-kit what tests/gpu/run needs on a machine with nothing but a GPU
gpu-kit: all $B/tests/run ; $(Q)tests/gpu/pack

## tidy: static checks with clang-tidy (.clang-tidy), cppcheck and the analyzer of gcc
tidy.c = $(filter-out src/data/stb_%.c src/core/cpu_kernels.c,$(wildcard src/*.c src/*/*.c datasets/*.c))
tidy.flags = -std=c11 $(cppflags) -DLG_ANALYZE
tidy: analyze
	@command -v clang-tidy >/dev/null && command -v cppcheck >/dev/null || \
	    { echo "tidy: clang-tidy or cppcheck is missing: apt-get install clang-tidy cppcheck" >&2; exit 1; }
	@echo "  TIDY  clang-tidy"
	$(Q)printf '%s\n' $(tidy.c) | xargs -P 2 -I % sh -c 'clang-tidy --quiet % -- $(tidy.flags) 2>/dev/null'
	@echo "  TIDY  cppcheck"
	$(Q)cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
	    --suppressions-list=.cppcheck -DLG_ANALYZE -Iinclude -Isrc $(tidy.c)
## analyze: gcc -fanalyzer of every source, warnings as errors
# Its leaks are left out: it loses arrays of pointers that a loop fills.  `make asan` looks for leaks.
analyze.off = -Wno-analyzer-malloc-leak
analyze:
	@echo "  TIDY  gcc -fanalyzer"
	$(Q)printf '%s\n' $(tidy.c) | xargs -P 2 -I % $(CC) $(tidy.flags) -O1 -fanalyzer -Werror \
	    $(analyze.off) -c % -o /dev/null

## hardening: look up in the built program what protects it
hardening: $B/logit ; $(Q)tests/hardening $<

## coverage: run the unit tests with every line counted, print the shares
coverage:
	$(Q)find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(Q)$(MAKE) --no-print-directory MODE=coverage CUDA=0 test
	$(Q)tests/coverage build/coverage

## soak: 100,000 steps of each way to train; memory, descriptors and threads must not grow
soak: all ; $(Q)LOGIT_SOAK_STEPS=100000 tests/check $B soak

## fuzz: fuzz every reader for FUZZ_SECONDS each (60), with clang's libFuzzer
FUZZ_SECONDS ?= 60
FUZZ = $(patsubst tests/fuzz_%.c,%,$(wildcard tests/fuzz_*.c))
fuzz:
	@echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	    clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null || \
	    { echo "fuzz: clang or its runtime is missing: apt-get install clang libclang-rt-14-dev" >&2; exit 1; }
	$(Q)$(MAKE) --no-print-directory MODE=fuzz CC=clang CUDA=0 WERROR= $(FUZZ:%=build/fuzz/fuzz_%)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ:%=build/fuzz/fuzz_%)

## fuzz-long: the same for four hours each
fuzz-long: ; $(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=14400

## msan: fuzz the image wrapper for FUZZ_SECONDS under MemorySanitizer, its corpus first
# Only what decodes is in it, without libjpeg-turbo: every object has to be watched.
msan:
	$(Q)$(MAKE) --no-print-directory MODE=msan CC=clang CUDA=0 TURBO=0 WERROR= build/msan/fuzz_image
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) build/msan/fuzz_image

build/msan/fuzz_image: $B/tests/fuzz_image.o $(patsubst %.c,$B/%.o,$(wildcard src/data/image*.c) \
                         src/data/stb_image.c src/data/decoding.c) $(base.o)
	@echo "  LINK  $@"
	$(Q)$(CC) -fsanitize=fuzzer,memory -pie -pthread $^ -o $@ -lz -lm

build/fuzz/fuzz_%: $B/tests/fuzz_%.o $B/tests/fuzz/rig.o $(lib.o) $(cli.o)
	@echo "  LINK  $@"
	$(Q)$(CC) $(filter-out -fsanitize=fuzzer-no-link%,$(ldflags)) -fsanitize=fuzzer,address,undefined $^ -o $@ $(LIBS)

format.c = $(wildcard include/*.h src/*.[ch] src/*/*.[ch] cuda/*.[ch] cuda/*.cu datasets/*.[ch] \
                      tests/*.[ch] tests/shim/*.c tests/fuzz/*.c tests/simt/*.h tests/simt/*.cc tests/simt/include/*.h)
## format: lay out all sources by .clang-format
format: ; $(Q)clang-format -i $(format.c)
## format-check: fail if a source is laid out otherwise
format-check: ; $(Q)clang-format --dry-run --Werror $(format.c)

## layers: fail if a file includes a layer it may not
layers:
	$(Q)! grep -nE '#include "(core|data|train|report|cli)' src/base/*.[ch]
	$(Q)! grep -nE '#include "(data|train|report|cli)' src/core/*.[ch]
	$(Q)! grep -nE '#include "(core|train|report|cli)' src/data/*.[ch]
	$(Q)! grep -nE '#include "(cli|report)' src/train/*.[ch]
	$(Q)! grep -nE '#include "cli' src/report/*.[ch] src/logit.c
	$(Q)! grep -nE '#include "(core|data|train|report)/' src/main.c src/cli*
	$(Q)! grep -nE '#include "(data|train|cli)' cuda/*
	$(Q)! grep -nE '#include [<"]cu(da|blas)' -r src include datasets

## deps: install the Debian packages that are missing (they are named first)
deps: ; $(Q).ci/deps

# What install makes and uninstall removes, each from its own place; docs/ is a folder of ours.
share       = $(DESTDIR)$(PREFIX)/share
lib         = $(DESTDIR)$(LIBDIR)
doc         = $(share)/doc/logit
installed   = $(DESTDIR)$(PREFIX)/bin/logit $(DESTDIR)$(PREFIX)/include/logit.h $(lib)/liblogit.a \
              $(lib)/pkgconfig/logit.pc $(share)/man/man1/logit.1 \
              $(share)/bash-completion/completions/logit $(share)/zsh/site-functions/_logit
version     = $(shell sed -n 's/^\#define LOGIT_VERSION "\(.*\)"/\1/p' include/logit.h)
## install: command, library, headers, pages and completions under PREFIX, LIBDIR (DESTDIR is respected)
install: all
	install -d $(dir $(installed)) $(doc)/docs/pictures $(doc)/docs/benchmarks
	install -m 755 $B/logit $(DESTDIR)$(PREFIX)/bin/logit
	$(if $(cuda.so),install -D -m 755 $(cuda.so) $(lib)/logit/$(notdir $(cuda.so)))
	install -m 644 $B/liblogit.a $(lib)/liblogit.a
	install -m 644 include/logit.h $(DESTDIR)$(PREFIX)/include/logit.h
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$${prefix}/include' '' 'Name: logit' \
	    'Description: logistic and softmax regression on image sets' 'Version: $(version)' \
	    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -llogit $(LIBS) -pthread' > $(lib)/pkgconfig/logit.pc
	$B/logit help --man > $(share)/man/man1/logit.1
	$B/logit help --completion bash > $(share)/bash-completion/completions/logit
	$B/logit help --completion zsh > $(share)/zsh/site-functions/_logit
	install -m 644 README.md CHANGELOG.md LICENSE $(doc)
	install -m 644 docs/*.md $(doc)/docs
	install -m 644 docs/pictures/* $(doc)/docs/pictures
	install -m 644 docs/benchmarks/* $(doc)/docs/benchmarks
## uninstall: remove what install put there
uninstall:
	rm -f $(installed) $(lib)/logit/liblogit-cuda.so
	rm -rf $(doc)
	-rmdir $(lib)/logit 2>/dev/null || true

## clean: remove build/
clean: ; rm -rf build

## help: this list; the head of the Makefile names the variables (MODE=debug, PREFIX=.., V=1, ..)
help: ; @sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST)) | awk -F': ' '{printf "  %-13s %s\n", $$1, $$2}'

# What tests/nvcc_test.sh compiles its own kernels with, and what the plug-in must hold.
print-nvcc: ; @echo '$(NVCC) $(cppflags) $(nvflags)'
print-gpus: ; @echo '$(if $(filter 1,$(CUDA)),$(GPUS))'

# ---------------------------------------------------------------------------------- building ---

$B/logit: $(lib.o) $(cli.o) $(main.o)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ldflags) $^ -o $@ $(LIBS)

# What of the library writes packed files.
packer.o   = $(addprefix $B/src/data/,image_write.o order.o packed_layout.o packed_journal.o packed_write.o packed_rest.o)

$B/draw: $(draw.o) $(base.o) $(packer.o)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ldflags) $^ -o $@ -lxxhash -lz -lm

$B/tests/run: $(test.o) $(lib.o) $(cli.o) $(filter-out %/main.o %/draw.o,$(draw.o))
	@echo "  LINK  $@"
	$(Q)$(CC) $(ldflags) $^ -o $@ $(LIBS) $(shell pkg-config --libs check)

# One relocatable object in which only LOGIT_API symbols stay global.
$B/liblogit.a: $(lib.o)
	@echo "  AR    $@"
	$(Q)ld -r $^ -o $B/liblogit.o && objcopy --localize-hidden $B/liblogit.o
	$(Q)rm -f $@ && ar rcs $@ $B/liblogit.o

# The GPU, one object for all of DESIGN.md section 8 and, as PTX, for those that come.
CUDA_HOME = $(patsubst %/bin/nvcc,%,$(realpath $(NVCC)))
GPUS      = 75 80 86 89 90
nvflags   = -std=c++17 -O3 -fmad=false --compress-mode=size --Werror all-warnings \
            -Xptxas --warn-on-spills,--warn-on-local-memory-usage \
            $(foreach gpu,$(GPUS),-gencode arch=compute_$(gpu),code=sm_$(gpu)) \
            -gencode arch=compute_$(lastword $(GPUS)),code=compute_$(lastword $(GPUS)) \
            -Xcompiler -Wall,-Wextra,-fPIC,-fvisibility=hidden,-ffp-contract=off $(NVFLAGS)

$B/liblogit-cuda.so: $(cuda.o) $(plugin.o) cuda/plugin.map
	@echo "  LINK  $@"
	$(Q)$(CXX) $(filter-out -pie,$(ldflags)) -shared -Wl,-z,defs -Wl,--version-script=cuda/plugin.map -Wl,-rpath,$(CUDA_HOME)/lib64:/usr/local/cuda/lib64 \
	    $(filter %.o,$^) -o $@ $(CUDA_HOME)/lib64/libcudart_static.a -lz -ldl -lrt -lm

$B/cuda/%.cu.o: cuda/%.cu
	@mkdir -p $(@D) && echo "  NVCC  $<"
	$(Q)$(NVCC) $(cppflags) $(nvflags) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$B/cuda/%.c.o: cuda/%.c
	@mkdir -p $(@D) && echo "  CC    $<"
	$(Q)$(CC) $(cppflags) $(cflags) -isystem $(CUDA_HOME)/include -MMD -MP -c $< -o $@

# The stand-in.  Sanitized programs need sanitized plug-ins, so that it is built in every mode.
simt.flags = -DLG_SIMT -Itests/simt/include
$B/tests/liblogit-simt.so: $(simt.o) $(rules.o) $(plugin.o)
$B/tests/libtry.so: $(try.o) $(rules.o)
$(simt.so):
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(Q)$(CXX) $(filter-out -pie,$(ldflags)) -shared $(if $(filter asan tsan,$(MODE)),,-Wl,-z,defs) $^ -o $@ -lz -ldl -lm

$B/simt/cuda/%.cu.o: cuda/%.cu
	@mkdir -p $(@D) && echo "  C++   $< (simt)"
	$(Q)$(CXX) $(cppflags) $(simt.flags) $(cxxflags) -MMD -MP -x c++ -c $< -o $@

$B/simt/cuda/%.c.o: cuda/%.c
	@mkdir -p $(@D) && echo "  CC    $< (simt)"
	$(Q)$(CC) $(cppflags) $(simt.flags) $(cflags) -MMD -MP -c $< -o $@

# For LD_PRELOAD: makes calls fail.
$B/tests/libshim.so: tests/shim/shim.c
	@mkdir -p $(@D) && echo "  LINK  $@"
	$(Q)$(CC) -std=c11 -O2 -D_GNU_SOURCE $(WARNINGS) -fPIC -shared -fvisibility=hidden $< -o $@ -ldl

# The rules tell ThreadSanitizer what orders what, and are not watched themselves.
$(rules.o): cxxflags += $(if $(filter tsan,$(MODE)),-fno-sanitize=thread)
$B/simt/%.o: tests/simt/%
	@mkdir -p $(@D) && echo "  C++   $<"
	$(Q)$(CXX) $(cppflags) $(simt.flags) $(cxxflags) -MMD -MP -c $< -o $@

## symbols: fail if the library or a plug-in exports a name that it should not
symbols: $B/liblogit.a $(cuda.so)
	$(Q)! nm -g --defined-only $< | awk 'NF == 3 {print $$3}' | grep -v '^logit_'
	$(Q)$(if $(cuda.so),! nm -D --defined-only $(cuda.so) | awk '{print $$3}' | grep -v '^logit_plugin$$')

build/logit build/draw: build/%: build/release/%
	$(Q)ln -sf release/$* $@

# The suites are the files tests/test_NAME.c, each with lg_suite_NAME().
$B/tests/run.o: $B/suites.def
$B/suites.def: $(wildcard tests/test_*.c)
	@mkdir -p $(@D)
	$(Q)printf 'SUITE(%s)\n' $(patsubst tests/test_%.c,%,$^) > $@
cflags.run.c = -I$B
cflags.plugin.c = -DLG_LIBDIR='"$(LIBDIR)"'
# Built anew where LIBDIR changes, so that `make` and `make install PREFIX=..` agree.
$B/src/core/plugin.o: $B/libdir
$B/libdir: always
	@mkdir -p $(@D) && { echo '$(LIBDIR)' | cmp -s - $@ || echo '$(LIBDIR)' > $@; }
.PHONY: always

$B/%.o: %.c
	@mkdir -p $(@D) && echo "  CC    $<"
	$(Q)$(CC) $(cppflags) $(cflags) $(cflags.$(<F)) -MMD -MP -c $< -o $@

$(kernel.o): $B/src/core/cpu_kernels.%.o: src/core/cpu_kernels.c
	@mkdir -p $(@D) && echo "  CC    $< ($*)"
	$(Q)$(CC) $(cppflags) $(cflags) $(ISA.$*) -DLG_ISA=$* -MMD -MP -c $< -o $@

# Built anew where TURBO changes.
cflags.image_turbo.c = $(if $(filter 1,$(TURBO)),-DLG_TURBO $(shell pkg-config --cflags libjpeg))
$B/src/data/image_turbo.o: $B/turbo-$(TURBO)
$B/turbo-%:
	@mkdir -p $(@D) && rm -f $B/turbo-* && touch $@
	@echo "  $(if $(filter 1,$*),WITH ,NO   ) libjpeg-turbo (--decoder turbo)"

# stb_image adds and shifts past 32 bits on damaged JPEGs; harmless, but not defined in C.
cflags.stb_image.c = -fwrapv $(if $(filter asan,$(MODE)),-fno-sanitize=shift)
# stb_image_write's JPEG writer shifts a negative number.
cflags.image_write.c = $(if $(filter asan,$(MODE)),-fno-sanitize=shift)

-include $(objects:.o=.d)

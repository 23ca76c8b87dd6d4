/* Which instruction sets may run here. */
#include "op.h"

#if TF8_X86
#include <cpuid.h>

/* The register states that the operating system saves (XCR0). */
__attribute__((target("xsave"))) static uint64_t enabled_states(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

#define BIT(word, index) (((word) >> (index)) & 1u)

int isa_supported(Isa isa) {
  uint32_t a, b, c, d;
  if (isa == ISA_SCALAR) return 1;
  if (isa == ISA_NEONDOT) return 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  if (!BIT(c, 27) || !BIT(c, 28)) return 0; /* OSXSAVE, AVX */
  const uint64_t states = enabled_states();
  if ((states & 0x6) != 0x6) return 0; /* XMM, YMM */
  uint32_t a7, b7, c7, d7;
  if (!__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7)) return 0;
  if (!BIT(b7, 5)) return 0; /* AVX2 */
  if (isa == ISA_AVX2) return 1;
#ifdef TF8_AVXVNNI_AS_EVEX
  if (isa == ISA_AVXVNNI) return isa_supported(ISA_AVX512VNNI);
#endif
  if (isa == ISA_AVXVNNI) {
    return TF8_AVXVNNI && __get_cpuid_count(7, 1, &a, &b, &c, &d) && BIT(a, 4);
  }
  /* AVX512F, DQ, BW, VL, VNNI; opmask and ZMM states */
  return BIT(b7, 16) && BIT(b7, 17) && BIT(b7, 30) && BIT(b7, 31) && BIT(c7, 11) &&
         (states & 0xe6) == 0xe6;
}
#elif TF8_ARM64 && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

int isa_supported(Isa isa) {
  return isa == ISA_SCALAR || (isa == ISA_NEONDOT && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0);
}
#elif TF8_ARM64 && defined(__APPLE__)
#include <sys/sysctl.h>

int isa_supported(Isa isa) {
  int has_dot = 0;
  size_t size = sizeof has_dot;
  if (sysctlbyname("hw.optional.arm.FEAT_DotProd", &has_dot, &size, NULL, 0) != 0) has_dot = 0;
  return isa == ISA_SCALAR || (isa == ISA_NEONDOT && has_dot);
}
#else
int isa_supported(Isa isa) { return isa == ISA_SCALAR; }
#endif

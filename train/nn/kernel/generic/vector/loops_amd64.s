#include "textflag.h"
#include "go_asm.h"

// SUM is the loop over segments and steps of products and maxima:
//
//	DI  the sum              R8  x of the segment    R9  x of the step
//	SI  x of the channels    R10 bytes of XStep      R11 bytes of XSegment
//	AX  segments left        CX  steps left
#define SUM(segment, step, body) \
	MOVQ SI, R8; \
	MOVQ Sum_Segments(DI), AX; \
segment: \
	MOVQ R8, R9; \
	MOVQ Sum_Steps(DI), CX; \
step: \
	body; \
	ADDQ R10, R9; \
	DECQ CX; \
	JNZ step; \
	ADDQ R11, R8; \
	DECQ AX; \
	JNZ segment

#define STEPS \
	MOVQ Sum_XStep(DI), R10; \
	SHLQ $2, R10; \
	MOVQ Sum_XSegment(DI), R11; \
	SHLQ $2, R11

// BX is w of the step, R12 its bytes.
#define PRODUCTS8 \
	VMOVUPS (R9), Y4; \
	VFMADD231PS (BX), Y4, Y0; \
	ADDQ R12, BX
#define PRODUCTS32 \
	VMOVUPS (R9), Y4; \
	VMOVUPS 32(R9), Y5; \
	VMOVUPS 64(R9), Y6; \
	VMOVUPS 96(R9), Y7; \
	VFMADD231PS (BX), Y4, Y0; \
	VFMADD231PS 32(BX), Y5, Y1; \
	VFMADD231PS 64(BX), Y6, Y2; \
	VFMADD231PS 96(BX), Y7, Y3; \
	ADDQ R12, BX

// func productsAVX2(sum *Sum, y, start, x, w *float32, channels, n int)
TEXT ·productsAVX2(SB), NOSPLIT, $0-56
	MOVQ sum+0(FP), DI
	MOVQ x+24(FP), SI
	MOVQ w+32(FP), DX
	MOVQ channels+40(FP), R12
	SHLQ $2, R12
	MOVQ n+48(FP), R13
	STEPS

products32:
	CMPQ R13, $32
	JLT products8
	MOVQ start+16(FP), R9
	VMOVUPS (R9), Y0
	VMOVUPS 32(R9), Y1
	VMOVUPS 64(R9), Y2
	VMOVUPS 96(R9), Y3
	ADDQ $128, R9
	MOVQ R9, start+16(FP)
	MOVQ DX, BX
	SUM(segment32, step32, PRODUCTS32)
	MOVQ y+8(FP), R9
	VMOVUPS Y0, (R9)
	VMOVUPS Y1, 32(R9)
	VMOVUPS Y2, 64(R9)
	VMOVUPS Y3, 96(R9)
	ADDQ $128, R9
	MOVQ R9, y+8(FP)
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, R13
	JMP products32

products8:
	TESTQ R13, R13
	JZ productsdone
	MOVQ start+16(FP), R9
	VMOVUPS (R9), Y0
	ADDQ $32, R9
	MOVQ R9, start+16(FP)
	MOVQ DX, BX
	SUM(segment8, step8, PRODUCTS8)
	MOVQ y+8(FP), R9
	VMOVUPS Y0, (R9)
	ADDQ $32, R9
	MOVQ R9, y+8(FP)
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, R13
	JMP products8

productsdone:
	VZEROUPPER
	RET

// MAX takes x (Y4) where it is greater, or is the first NaN. Y0 is the maximum, Y1
// its place; Y2 is the place of x: R12, plus what R9 is past SI in values, plus
// 0 to 7 (Y3).
#define MAX \
	VMOVUPS (R9), Y4; \
	MOVQ R9, R13; \
	SUBQ SI, R13; \
	SHRQ $2, R13; \
	ADDQ R12, R13; \
	VMOVQ R13, X2; \
	VPBROADCASTD X2, Y2; \
	VPADDD Y3, Y2, Y2; \
	VCMPPS $0x1E, Y0, Y4, Y5; \
	VCMPPS $0x03, Y4, Y4, Y6; \
	VCMPPS $0x07, Y0, Y0, Y7; \
	VANDPS Y6, Y7, Y7; \
	VORPS Y5, Y7, Y5; \
	VBLENDVPS Y5, Y4, Y0, Y0; \
	VBLENDVPS Y5, Y2, Y1, Y1

// func maxAVX2(sum *Sum, y *float32, winner *int32, x *float32, at, n int)
TEXT ·maxAVX2(SB), NOSPLIT, $0-48
	MOVQ sum+0(FP), DI
	MOVQ y+8(FP), DX
	MOVQ winner+16(FP), BX
	MOVQ x+24(FP), SI
	MOVQ at+32(FP), R12
	STEPS
	VMOVDQU iota<>(SB), Y3

max8:
	VMOVUPS (SI), Y0
	VMOVQ R12, X1
	VPBROADCASTD X1, Y1
	VPADDD Y3, Y1, Y1
	SUM(maxsegment, maxstep, MAX)
	VMOVUPS Y0, (DX)
	ADDQ $32, DX
	ADDQ $32, SI
	ADDQ $8, R12
	TESTQ BX, BX
	JZ nowinner
	VMOVDQU Y1, (BX)
	ADDQ $32, BX

nowinner:
	SUBQ $8, n+40(FP)
	JNZ max8
	VZEROUPPER
	RET

DATA iota<>+0(SB)/4, $0
DATA iota<>+4(SB)/4, $1
DATA iota<>+8(SB)/4, $2
DATA iota<>+12(SB)/4, $3
DATA iota<>+16(SB)/4, $4
DATA iota<>+20(SB)/4, $5
DATA iota<>+24(SB)/4, $6
DATA iota<>+28(SB)/4, $7
GLOBL iota<>(SB), RODATA|NOPTR, $32

// func reluAVX2(y, x *float32, n int, limit float32)
// The order of the operands keeps a NaN.
TEXT ·reluAVX2(SB), NOSPLIT, $0-28
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS limit+24(FP), Y1
	VXORPS Y0, Y0, Y0
	SHLQ $2, CX
	XORQ AX, AX

relu8:
	VMOVUPS (SI)(AX*1), Y2
	VMAXPS Y2, Y0, Y2
	VMINPS Y2, Y1, Y2
	VMOVUPS Y2, (DI)(AX*1)
	ADDQ $32, AX
	CMPQ AX, CX
	JLT relu8
	VZEROUPPER
	RET

// func reluBackwardAVX2(dx, dy, y *float32, n int, limit float32)
// The gradient passes where y > 0 and not y >= limit, which may be NaN.
TEXT ·reluBackwardAVX2(SB), NOSPLIT, $0-36
	MOVQ dx+0(FP), DI
	MOVQ dy+8(FP), SI
	MOVQ y+16(FP), DX
	MOVQ n+24(FP), CX
	VBROADCASTSS limit+32(FP), Y1
	VXORPS Y0, Y0, Y0
	SHLQ $2, CX
	XORQ AX, AX

backward8:
	VMOVUPS (DX)(AX*1), Y2
	VCMPPS $0x1E, Y0, Y2, Y3
	VCMPPS $0x1D, Y1, Y2, Y4
	VANDNPS Y3, Y4, Y4
	VANDPS (SI)(AX*1), Y4, Y4
	VMOVUPS Y4, (DI)(AX*1)
	ADDQ $32, AX
	CMPQ AX, CX
	JLT backward8
	VZEROUPPER
	RET

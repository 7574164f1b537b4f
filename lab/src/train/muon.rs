//! Muon: the direction of a weight matrix is its momentum with all singular values brought
//! near 1 (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks").
//!
//! Only the convolutions between the first and the last layer are such matrices,
//! `[out, in * height * width]`; everything else stays with AdamW. A direction is scaled to the
//! length of AdamW's (Liu et al., arXiv 2502.16982, equation 4), so that both share one learning
//! rate. Called by `adam`.

use tch::{Kind, Tensor};

use ddrmjpeg::error::Result;
use ddrmjpeg::runtime::tensors::shapes::Shapes;

/// Coefficients of the Newton–Schulz iteration, and how often it runs.
const QUINTIC: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);
const ITERATIONS: usize = 5;
/// The root mean square of AdamW's directions, about.
const ADAM_LENGTH: f64 = 0.2;
/// Matrices with a side shorter than this are left to AdamW.
const LEAST_SIDE: i64 = 32;

/// A convolution's weights in the flat vector.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Matrix {
    start: i64,
    rows: i64,
    columns: i64,
}

/// Which parts of the flat vector are matrices, and the arithmetic of the iteration.
#[derive(Clone, Debug)]
pub(crate) struct Muon {
    matrices: Vec<Matrix>,
    kind: Kind,
}

impl Muon {
    /// For a network with these tensors, one after another in the flat vector.
    pub fn of(shapes: &Shapes, kind: Kind) -> Self {
        let mut start = 0;
        let mut matrices = Vec::new();
        for (name, shape) in shapes {
            let count: i64 = shape.iter().product();
            let rows = shape.first().copied().unwrap_or(1);
            let columns = count / rows.max(1);
            let between = !["head.", "headc.", "tail."]
                .iter()
                .any(|end| name.starts_with(end));
            if shape.len() == 4 && between && rows.min(columns) >= LEAST_SIDE {
                matrices.push(Matrix {
                    start,
                    rows,
                    columns,
                });
            }
            start += count;
        }
        Self { matrices, kind }
    }

    /// Replaces the matrices in `direction` by those in `momentum`, made orthogonal; both are
    /// `[P]`.
    ///
    /// # Errors
    /// libtorch's.
    pub fn redirect(&self, direction: &Tensor, momentum: &Tensor) -> Result<()> {
        for matrix in &self.matrices {
            let count = matrix.rows * matrix.columns;
            let part = momentum.f_narrow(0, matrix.start, count)?;
            let part = part.f_view([matrix.rows, matrix.columns])?;
            let scale = ADAM_LENGTH * (matrix.rows.max(matrix.columns) as f64).sqrt();
            let turned = orthogonal(&part, self.kind)?.f_mul_scalar(scale)?;
            let mut to = direction.f_narrow(0, matrix.start, count)?;
            to.f_copy_(&turned.f_reshape([-1])?)?;
        }
        Ok(())
    }
}

/// `matrix` with its singular values brought into about 0.7..1.2, f32.
fn orthogonal(matrix: &Tensor, kind: Kind) -> Result<Tensor> {
    let (rows, columns) = matrix.size2()?;
    let wide = match rows > columns {
        true => matrix.f_transpose(0, 1)?,
        false => matrix.shallow_clone(),
    };
    let length = wide.f_norm()?.f_add_scalar(1e-12)?;
    let mut x = wide.f_div(&length)?.f_to_kind(kind)?;
    let (a, b, c) = QUINTIC;
    for _ in 0..ITERATIONS {
        let square = x.f_matmul(&x.f_transpose(0, 1)?)?;
        let fourth = square.f_matmul(&square)?.f_mul_scalar(c)?;
        let factor = fourth.f_add(&square.f_mul_scalar(b)?)?;
        x = factor.f_matmul(&x)?.f_add(&x.f_mul_scalar(a)?)?;
    }
    let x = x.f_to_kind(Kind::Float)?;
    Ok(match rows > columns {
        true => x.f_transpose(0, 1)?,
        false => x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The singular values of a diagonal matrix can be read from it. The bounds of the iteration
    /// for values over 1 % of the largest are 0.68 and 1.21.
    #[test]
    fn singular_values_come_near_1() {
        let values = [1.0f32, 0.5, 0.1, 0.05];
        let matrix = Tensor::from_slice(&values).diag(0);
        let found = orthogonal(&matrix, Kind::Float).unwrap();
        for i in 0..4 {
            let value = found.double_value(&[i, i]);
            assert!((0.65..1.25).contains(&value), "{i}: {value}");
        }
        assert!(
            (found.norm().double_value(&[]) - found.diagonal(0, 0, 1).norm().double_value(&[]))
                .abs()
                < 1e-5
        );
    }

    #[test]
    fn first_and_last_layers_biases_and_film_are_left_to_adam() {
        let shapes: Shapes = [
            ("a.c1.bias", vec![64]),
            ("a.c1.weight", vec![64, 64, 3, 3]),
            ("a.film.weight", vec![128, 64]),
            ("head.weight", vec![64, 48, 3, 3]),
            ("tail.weight", vec![48, 64, 3, 3]),
            ("up1.weight", vec![128, 64, 2, 2]),
        ]
        .map(|(name, shape)| (name.to_owned(), shape))
        .into_iter()
        .collect();
        let matrix = |start, rows, columns| Matrix {
            start,
            rows,
            columns,
        };
        let film_to_tail = 128 * 64 + 64 * 48 * 9 + 48 * 64 * 9;
        let wanted = [
            matrix(64, 64, 576),
            matrix(64 + 64 * 576 + film_to_tail, 128, 256),
        ];
        assert_eq!(Muon::of(&shapes, Kind::Float).matrices, wanted);
    }

    /// Only the matrix changes, and its length is AdamW's: 0.2 times the root of its entries
    /// for orthogonal rows of a square one.
    #[test]
    fn a_direction_is_replaced_in_its_place() {
        let shapes: Shapes = [
            ("a.bias".to_owned(), vec![3]),
            ("b.weight".to_owned(), vec![32, 32, 1, 1]),
        ]
        .into();
        let momentum = Tensor::randn([3 + 1024], (Kind::Float, tch::Device::Cpu));
        let direction = momentum.ones_like() * 7.0;
        Muon::of(&shapes, Kind::Float)
            .redirect(&direction, &momentum)
            .unwrap();
        assert_eq!(
            Vec::<f32>::try_from(direction.narrow(0, 0, 3)).unwrap(),
            [7.0; 3]
        );
        let length = direction.narrow(0, 3, 1024).norm().double_value(&[]);
        assert!((length / (0.2 * 32.0) - 1.0).abs() < 0.2, "{length}");
    }
}
